"""One's own account: name, language and password."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts import attempts, people
from kiaai.accounts.access import current_user, login_required
from kiaai.accounts.passwords import RULE, checked_person
from kiaai.accounts.views import come_back_later, enter
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.texts import lazy
from kiaai.web.languages import keep_language

bp = Blueprint("own", __name__, url_prefix="/account")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    return _page()


@bp.post("/name")
@login_required
def rename() -> ResponseReturnValue:
    people.rename(current_user(), request.form.get("name", ""))
    db.session.commit()
    return redirect(url_for("own.index"), 303)


@bp.post("/language")
@login_required
def choose_language() -> ResponseReturnValue:
    """Change the language of this person's pages; the session carries it to the polls."""
    try:
        people.choose_language(current_user(), request.form.get("language", ""))
    except ValidationFailed as refused:
        db.session.rollback()
        return _page(errors=refused.fields), 422
    db.session.commit()
    keep_language(current_user().language)
    return redirect(url_for("own.index"), 303)


@bp.post("/password")
@login_required
def change_password() -> ResponseReturnValue:
    """Change the password for somebody who knows it; their other sessions end."""
    user, address = current_user(), request.remote_addr or ""
    seconds = attempts.seconds_to_wait(user.email, address)
    if seconds is not None:
        return come_back_later(seconds)
    if checked_person(user.email, request.form.get("current", "")) is None:
        return _page(errors={"current": [lazy("This is not your password.")]}), 422
    attempts.forget(user.email, address)
    try:
        people.set_password(user, request.form.get("password", ""))
    except ValidationFailed as refused:
        db.session.rollback()
        return _page(errors=refused.fields), 422
    enter(user)
    return redirect(url_for("own.index"), 303)


def _page(errors: dict[str, list[str]] | None = None) -> str:
    return render_template("accounts/own.html", me=current_user(), rule=RULE, errors=errors or {})
