"""Canned replies, for admins: a list that is searched and changed in its place."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required, current_user
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.settings import canned_replies
from kiaai.texts import lazy
from kiaai.web.filters import business_name
from kiaai.web.fragments import is_fragment
from kiaai.web.saying import said

bp = Blueprint("canned_replies", __name__, url_prefix="/settings/canned-replies")


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    """Show all replies, or those that are looked for."""
    if is_fragment():
        return render_template("settings/_canned_replies.html", **_context())
    return _page()


@bp.post("")
@admin_required
def create() -> ResponseReturnValue:
    form = request.form
    try:
        canned_replies.create_reply(form.get("shortcut", ""), form.get("text", ""))
    except ValidationFailed as refused:
        return _refused("new", refused)
    return _saved(said(lazy("Saved")))


@bp.post("/<int:reply_id>")
@admin_required
def change(reply_id: int) -> ResponseReturnValue:
    form = request.form
    try:
        canned_replies.change_reply(reply_id, form.get("shortcut", ""), form.get("text", ""))
    except NotFound as gone:
        # What was written is not lost with it.
        reason = lazy("Somebody has deleted this reply. Save it to have it again.")
        return _refused("new", ValidationFailed(str(gone), {"text": [reason]}))
    except ValidationFailed as refused:
        return _refused(reply_id, refused)
    return _saved(said(lazy("Saved")))


@bp.post("/<int:reply_id>/deletion")
@admin_required
def delete(reply_id: int) -> ResponseReturnValue:
    reply = canned_replies.delete_reply(reply_id)
    return _saved(said(lazy("/%(shortcut)s was deleted", shortcut=reply.shortcut)))


@bp.post("/preview")
@admin_required
def preview() -> ResponseReturnValue:
    """Show what a customer would read."""
    return render_template("settings/_preview.html", text=_example(request.form.get("text", "")))


def _saved(text: str) -> ResponseReturnValue:
    db.session.commit()
    flash(text)
    return redirect(url_for("canned_replies.index"), 303)


def _refused(which: int | str, refused: ValidationFailed) -> ResponseReturnValue:
    """Show the form as it was sent, open and in its place, with what is wrong."""
    db.session.rollback()
    return _page(wrong=which, sent=request.form, errors=refused.fields), 422


def _page(**context: object) -> str:
    return render_template("settings/canned_replies.html", **_context(**context))


def _context(**context: object) -> dict[str, object]:
    q = request.args.get("q", "")
    return {
        "replies": canned_replies.list_replies(q),
        "q": q,
        "variables": canned_replies.VARIABLES,
        "text_limit": canned_replies.TEXT_LIMIT,
        "example": _example,
        "wrong": None,
        "sent": {},
        "errors": {},
        **context,
    }


def _example(text: str) -> str:
    return canned_replies.example_of(text, current_user().display_name, business_name())
