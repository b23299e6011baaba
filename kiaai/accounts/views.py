"""Signing in and out, and the pages behind one-time links."""

from datetime import timedelta

from flask import Blueprint, abort, current_app, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_security.utils import login_user, logout_user

from kiaai import clock
from kiaai.accounts import attempts, first_admin, links, people
from kiaai.accounts.access import SIGN_IN_PATH, current_user, is_signed_in, safe_next
from kiaai.accounts.passwords import RULE, checked_person
from kiaai.config import Settings
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import User
from kiaai.web.languages import chosen_by_nobody, keep_language
from kiaai.whatsapp.explanations import LANGUAGES

bp = Blueprint("accounts", __name__)


@bp.get("/login")
def sign_in_page() -> ResponseReturnValue:
    next_path = safe_next(request.args.get("next"))
    if is_signed_in():
        return redirect(next_path, 303)
    has_admin = first_admin.make_from_settings(_settings())
    return render_template("accounts/sign_in.html", next=next_path, email="", has_admin=has_admin)


@bp.post("/login")
def sign_in() -> ResponseReturnValue:
    email, next_path = request.form.get("email", ""), safe_next(request.form.get("next"))
    address = request.remote_addr or ""
    seconds = attempts.seconds_to_wait(email, address)
    if seconds is not None:
        return come_back_later(seconds)
    has_admin = first_admin.make_from_settings(_settings())
    user = checked_person(email, request.form.get("password", ""))
    if user is None:
        page = render_template(
            "accounts/sign_in.html", next=next_path, email=email, has_admin=has_admin, refused=True
        )
        return page, 422
    attempts.forget(email, address)
    enter(user, remember=bool(request.form.get("remember")))
    return redirect(next_path, 303)


@bp.get("/logout")
def sign_out_page() -> ResponseReturnValue:
    return render_template("accounts/sign_out.html") if is_signed_in() else redirect(SIGN_IN_PATH, 303)


@bp.post("/logout")
def sign_out() -> ResponseReturnValue:
    """End the sessions of the person, also in a copy of the cookie that somebody else may hold."""
    if is_signed_in():
        people.end_sessions(current_user())
        db.session.commit()
    logout_user()
    keep_language(None)
    return redirect(SIGN_IN_PATH, 303)


@bp.get("/welcome/<token>")
def first_admin_page(token: str) -> ResponseReturnValue:
    if not links.is_first_admin_token(token):
        return _dead_link()
    return render_template("accounts/first_admin.html", form={}, rule=RULE)


@bp.post("/welcome/<token>")
def make_first_admin(token: str) -> ResponseReturnValue:
    if not links.is_first_admin_token(token):
        return _dead_link()
    form = request.form
    try:
        user = first_admin.claim(form.get("email", ""), form.get("name", ""), form.get("password", ""))
    except ValidationFailed as refused:
        db.session.rollback()
        page = render_template("accounts/first_admin.html", form=form, rule=RULE, errors=refused.fields)
        return page, 422
    enter(user)
    return redirect("/", 303)


@bp.get("/invitations/<token>")
def invitation_page(token: str) -> ResponseReturnValue:
    user = links.find_invited(token)
    if user is None:
        return _dead_link()
    return render_template("accounts/invitation.html", user=user, form={"name": user.name}, rule=RULE)


@bp.post("/invitations/<token>")
def accept_invitation(token: str) -> ResponseReturnValue:
    user = links.find_invited(token, for_update=True)
    if user is None:
        return _dead_link()
    try:
        people.set_password(user, request.form.get("password", ""), request.form.get("name", ""))
    except ValidationFailed as refused:
        db.session.rollback()
        page = render_template(
            "accounts/invitation.html", user=user, form=request.form, rule=RULE, errors=refused.fields
        )
        return page, 422
    enter(user)
    return redirect("/", 303)


@bp.post("/language")
def choose_language() -> ResponseReturnValue:
    """Keep the language of somebody who is not signed in yet; it becomes theirs if they have none."""
    language = request.form.get("language")
    if language not in LANGUAGES:
        abort(422)
    keep_language(language)
    return redirect(safe_next(request.form.get("back")), 303)


def enter(user: User, remember: bool = False) -> None:
    """Commit, and begin a session of this person, in their language."""
    user.language = user.language or chosen_by_nobody()
    db.session.commit()
    # What was in the session belonged to nobody; somebody else may have planted it.
    session.clear()
    login_user(user, remember=remember, authn_via=["password"])
    keep_language(user.language)


def come_back_later(seconds: int) -> ResponseReturnValue:
    """Answer somebody who guessed too often."""
    again_at = clock.now() + timedelta(seconds=seconds)
    page = render_template("accounts/too_many_tries.html", again_at=again_at)
    return page, 429, {"Retry-After": str(seconds)}


def _dead_link() -> ResponseReturnValue:
    return render_template("accounts/dead_link.html"), 404


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
