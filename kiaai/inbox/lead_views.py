"""What people change about the lead of an open conversation, each field by itself, with a way back."""

from collections.abc import Callable, Mapping

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.answer_views import UNDOING, Undo, done, reasons_of, refused, require_unchanged
from kiaai.inbox.history import STATUS_NAMES
from kiaai.inbox.notes import NotesChanged, save_notes, sign_of
from kiaai.inbox.views import bp, conversation_or_404
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor, lock_lead
from kiaai.models import Lead
from kiaai.texts import Text, lazy

# What a form shows and sends of each field.
_READ: Mapping[str, Callable[[Lead], str]] = {
    "customer_name": lambda lead: lead.customer_name or "",
    "lead_status": lambda lead: lead.lead_status,
    "tags": lambda lead: ",".join(lead.tags),
    "notes": lambda lead: lead.notes,
}
SAID: Mapping[str, Callable[[Lead], Text]] = {
    "customer_name": lambda lead: (
        lazy("Name: %(name)s", name=lead.customer_name) if lead.customer_name else lazy("Name removed")
    ),
    "lead_status": lambda lead: lazy("Status: %(status)s", status=STATUS_NAMES[lead.lead_status]),
    "tags": lambda lead: (
        lazy("Tags: %(tags)s", tags=", ".join(lead.tags)) if lead.tags else lazy("Tags removed")
    ),
    "notes": lambda _: lazy("Notes saved"),
}


@bp.patch("/inbox/conversations/<int:conversation_id>/lead")
@login_required
def change_lead(conversation_id: int) -> ResponseReturnValue:
    """Change what was sent of the lead."""
    opened = conversation_or_404(conversation_id)
    lead = opened.lead
    # Before anything is read: what was there is what an undo brings back.
    lock_lead(lead)
    before = values_of(lead)
    try:
        require_unchanged(before)
        apply_fields(lead, Actor("user", current_user().id))
    except NotesChanged as changed:
        db.session.rollback()
        context = {"changed": changed, "notes_sign": sign_of(changed.notes)}
        return render_template("inbox/_notes_conflict.html", conversation=opened, **context), 422
    except ValidationFailed as error:
        if UNDOING in request.form:
            return refused(error)
        db.session.rollback()
        return reasons_of(error), 422
    changed_names = [name for name, value in values_of(lead).items() if value != before[name]]
    if not changed_names:
        return done(opened)
    # One field changes at a time; with several, the first speaks for all.
    words = SAID[changed_names[0]](lead)
    fields = {name: before[name] for name in changed_names}
    fields |= {f"{name}_was": values_of(lead)[name] for name in changed_names}
    return done(opened, words, Undo("patch", url_for("inbox.change_lead", conversation_id=opened.id), fields))


def values_of(lead: Lead) -> dict[str, str]:
    """Return the fields as a form shows them: what was there is what an undo brings back."""
    return {name: read(lead) for name, read in _READ.items()}


def apply_fields(lead: Lead, actor: Actor) -> None:
    """Change what the form sends. Raises ValidationFailed and NotesChanged."""
    form = request.form
    if "customer_name" in form:
        pipeline.rename(lead, form["customer_name"], actor)
    if "lead_status" in form:
        pipeline.set_status(lead, form["lead_status"], actor)
    if "tags" in form:
        pipeline.set_tags(lead, form["tags"].split(","), actor)
    if "add_tag" in form:
        pipeline.set_tags(lead, [*lead.tags, *form["add_tag"].split(",")], actor)
    if "remove_tag" in form:
        pipeline.set_tags(lead, [tag for tag in lead.tags if tag != form["remove_tag"]], actor)
    if "notes" in form:
        notes = form["notes"].replace("\r\n", "\n")
        save_notes(lead, notes, form.get("notes_shown"), actor)
