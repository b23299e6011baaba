"""The tags, for admins: names, colours, and on how many leads each stands."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required, current_user
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models.desk import TAG_COLOURS
from kiaai.settings import tags
from kiaai.texts import lazy
from kiaai.web.saying import said

bp = Blueprint("tags", __name__, url_prefix="/settings/tags")

COLOUR_NAMES = {
    "grey": lazy("Grey"),
    "red": lazy("Red"),
    "orange": lazy("Orange"),
    "yellow": lazy("Yellow"),
    "green": lazy("Green"),
    "teal": lazy("Teal"),
    "blue": lazy("Blue"),
    "purple": lazy("Purple"),
    "pink": lazy("Pink"),
}


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    return _page()


@bp.post("")
@admin_required
def create() -> ResponseReturnValue:
    form = request.form
    try:
        tags.create_tag(form.get("name", ""), form.get("colour", ""))
    except ValidationFailed as refused:
        return _refused(None, refused)
    return _saved(said(lazy("Saved")))


@bp.post("/change")
@admin_required
def change() -> ResponseReturnValue:
    """Change the tag named `tag`. When another has the new name, ask first whether they become one."""
    form = request.form
    tag, name, is_merge = form.get("tag", ""), form.get("name", ""), "merge" in form
    try:
        tags.change_tag(tag, name, form.get("colour", ""), current_user().id, is_merge=is_merge)
    except tags.TagExists as refused:
        return _refused(tag, refused, is_question=True)
    except ValidationFailed as refused:
        return _refused(tag, refused)
    return _saved(said(lazy("Saved")))


@bp.post("/deletion")
@admin_required
def delete() -> ResponseReturnValue:
    tag = request.form.get("tag", "")
    tags.delete_tag(tag, current_user().id)
    return _saved(said(lazy("%(tag)s was deleted", tag=tag)))


def _saved(text: str) -> ResponseReturnValue:
    db.session.commit()
    flash(text)
    return redirect(url_for("tags.index"), 303)


def _refused(tag: str | None, refused: ValidationFailed, is_question: bool = False) -> ResponseReturnValue:
    """Show the form as it was sent, open and in its place. tag: None for the new one."""
    db.session.rollback()
    sent = request.form
    return _page(wrong=tag or "", sent=sent, errors=refused.fields, is_question=is_question), 422


def _page(**context: object) -> str:
    context = {"wrong": None, "sent": {}, "errors": {}, "is_question": False, **context}
    colours = {colour: COLOUR_NAMES[colour] for colour in TAG_COLOURS}
    return render_template("settings/tags.html", tags=tags.list_tags(), colours=colours, **context)
