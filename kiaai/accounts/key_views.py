"""The keys of the JSON API, for admins: make one, see it once, revoke it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts import api_keys
from kiaai.accounts.access import admin_required, current_user
from kiaai.errors import ValidationFailed
from kiaai.extensions import db

bp = Blueprint("keys", __name__, url_prefix="/settings/keys")


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    return _page()


@bp.post("")
@admin_required
def create() -> ResponseReturnValue:
    try:
        key, token = api_keys.create_key(request.form.get("name", ""), current_user().id)
    except ValidationFailed as refused:
        return _page(errors=refused.fields), 422
    db.session.commit()
    return _page(made=key, token=token), 201, {"Cache-Control": "no-store"}


@bp.post("/<int:key_id>/revocation")
@admin_required
def revoke(key_id: int) -> ResponseReturnValue:
    api_keys.revoke_key(key_id)
    db.session.commit()
    return redirect(url_for("keys.index"), 303)


def _page(**context: object) -> str:
    return render_template("accounts/keys.html", keys=api_keys.list_keys(), **{"errors": {}, **context})
