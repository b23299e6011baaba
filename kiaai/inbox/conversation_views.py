"""What people do with a conversation and its lead: read, take over, close, change."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.delivery import ownership
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import closing, panels
from kiaai.inbox.notes import NotesChanged, save_notes, sign_of
from kiaai.inbox.reading import mark_read
from kiaai.inbox.views import bp, conversation_or_404, settings, thread_contents, viewer
from kiaai.leads import pipeline, wrong_number
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation
from kiaai.web.saying import said
from kiaai.worker.doorbells import ring_read


@bp.post("/inbox/conversations/<int:conversation_id>/read")
@login_required
def read(conversation_id: int) -> ResponseReturnValue:
    """Note that everything up to `message` was shown to a person."""
    opened = conversation_or_404(conversation_id)
    if mark_read(opened, request.form.get("message", 0, type=int)):
        db.session.commit()
        ring_read(opened.id)
    else:
        db.session.rollback()
    return "", 204


@bp.post("/inbox/conversations/<int:conversation_id>/takeover")
@login_required
def take_over(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    ownership.take_over(opened, current_user().id)
    return _changed(opened)


@bp.delete("/inbox/conversations/<int:conversation_id>/takeover")
@login_required
def hand_back(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    ownership.hand_back(opened, current_user().id)
    return _changed(opened)


@bp.put("/inbox/conversations/<int:conversation_id>/bot")
@login_required
def set_bot(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    ownership.set_bot_enabled(opened, request.form.get("bot_enabled") in ("on", "true", "1"))
    return _changed(opened)


@bp.post("/inbox/conversations/<int:conversation_id>/closure")
@login_required
def close(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    closing.close(opened, current_user().id)
    return _changed(opened)


@bp.delete("/inbox/conversations/<int:conversation_id>/closure")
@login_required
def reopen(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    closing.reopen(opened, current_user().id)
    return _changed(opened)


@bp.post("/inbox/conversations/<int:conversation_id>/wrong-number")
@login_required
def mark_wrong_number(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    try:
        wrong_number.mark_wrong_number(opened.lead, Actor("user", current_user().id))
    except ValidationFailed as error:
        db.session.rollback()
        return render_template("inbox/_toast.html", text=_reasons_of(error)), 422
    return _changed_thread(opened)


@bp.delete("/inbox/conversations/<int:conversation_id>/wrong-number")
@login_required
def unmark_wrong_number(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    wrong_number.unmark_wrong_number(opened.lead, Actor("user", current_user().id))
    return _changed_thread(opened)


@bp.patch("/inbox/conversations/<int:conversation_id>/lead")
@login_required
def change_lead(conversation_id: int) -> ResponseReturnValue:
    """Change what was sent of the lead, each field by itself."""
    opened = conversation_or_404(conversation_id)
    actor, form = Actor("user", current_user().id), request.form
    try:
        if "customer_name" in form:
            pipeline.rename(opened.lead, form["customer_name"], actor)
        if "lead_status" in form:
            pipeline.set_status(opened.lead, form["lead_status"], actor)
        if "tags" in form:
            pipeline.set_tags(opened.lead, form["tags"].split(","), actor)
        if "notes" in form:
            notes = form["notes"].replace("\r\n", "\n")
            save_notes(opened.lead, notes, form.get("notes_shown"), actor)
    except NotesChanged as changed:
        db.session.rollback()
        context = {"changed": changed, "notes_sign": sign_of(changed.notes)}
        return render_template("inbox/_notes_conflict.html", conversation=opened, **context), 422
    except ValidationFailed as error:
        db.session.rollback()
        return _reasons_of(error), 422
    return _changed(opened)


def _reasons_of(error: ValidationFailed) -> str:
    return " ".join(said(reason) for reasons in error.fields.values() for reason in reasons)


def _changed_thread(opened: Conversation) -> ResponseReturnValue:
    """Save, and answer the messages too: their cards show what was changed."""
    db.session.commit()
    return thread_contents(conversation_or_404(opened.id), request.values.get("from", type=int))


def _changed(opened: Conversation) -> ResponseReturnValue:
    """Save, and answer what stands around the messages as it is now."""
    db.session.commit()
    return render_template("inbox/_sides.html", **panels.sides(opened, viewer(), settings()))
