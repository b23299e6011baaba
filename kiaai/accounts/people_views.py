"""The team, for admins: invite, change a role, deactivate."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts import links, people
from kiaai.accounts.access import admin_required, current_user
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import User

bp = Blueprint("team", __name__, url_prefix="/settings")


@bp.get("")
@admin_required
def settings() -> ResponseReturnValue:
    return redirect(url_for("business.index"), 303)


@bp.get("/people")
@admin_required
def index() -> ResponseReturnValue:
    return _page()


@bp.post("/people")
@admin_required
def invite() -> ResponseReturnValue:
    """Add a person and show, once, the link by which they choose a password."""
    form = request.form
    try:
        user = people.create_person(form.get("email", ""), form.get("role", ""), form.get("name", ""))
    except ValidationFailed as refused:
        db.session.rollback()
        return _page(form=form, errors=refused.fields), 422
    db.session.commit()
    return _page(invited=user, link=links.invitation_link(user)), 201


@bp.post("/people/<int:user_id>/invitation")
@admin_required
def invite_again(user_id: int) -> ResponseReturnValue:
    """Show a fresh link, also for somebody who forgot their password; earlier links are dead then."""
    user = people.get_person(user_id)
    people.end_sessions(user)
    db.session.commit()
    return _page(invited=user, link=links.invitation_link(user))


@bp.post("/people/<int:user_id>/role")
@admin_required
def change_role(user_id: int) -> ResponseReturnValue:
    return _change(user_id, lambda user: people.change_role(user, request.form.get("role", "")))


@bp.post("/people/<int:user_id>/deactivation")
@admin_required
def deactivate(user_id: int) -> ResponseReturnValue:
    return _change(user_id, people.deactivate)


@bp.post("/people/<int:user_id>/activation")
@admin_required
def activate(user_id: int) -> ResponseReturnValue:
    return _change(user_id, people.activate)


def _change(user_id: int, change: Callable[[User], None]) -> ResponseReturnValue:
    user = people.get_person(user_id)
    try:
        change(user)
    except ValidationFailed as refused:
        db.session.rollback()
        return _page(refused=refused.message), 422
    db.session.commit()
    return redirect(url_for("team.index"), 303)


def _page(**context: object) -> str:
    context = {"form": {}, "errors": {}, **context}
    return render_template("accounts/people.html", people=people.list_people(), me=current_user(), **context)
