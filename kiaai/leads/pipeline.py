"""What may change about a lead: status, name, notes and tags, each with a line in its history."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, update

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import Conversation, Lead, LeadEvent
from kiaai.models.base import Json
from kiaai.models.lead import LEAD_STATUSES
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text, one_line

NAME_LIMIT = 200
NOTES_LIMIT = 10_000
TAG_LIMIT = 50
TAGS_LIMIT = 30


@dataclass(frozen=True)
class Actor:
    """Who changes something. by: `user`, `bot`, `api`, `import`, `customer` or `system`."""

    by: str
    user_id: int | None = None
    api_key_id: int | None = None


def set_status(lead: Lead, status: str, actor: Actor, notes: str | None = None) -> None:
    """Move the lead to a status and, when notes are given, keep them too.

    Raises ValidationFailed naming `lead_status` or `notes`; then nothing has changed.
    """
    if status not in LEAD_STATUSES:
        raise _refused("lead_status", lazy("Must be one of: %(names)s.", names=", ".join(LEAD_STATUSES)))
    notes = None if notes is None else _checked_notes(notes)
    lock_lead(lead)
    if lead.lead_status != status:
        _change(lead, "status", lead.lead_status, status, actor)
        lead.lead_status = status
    if notes is not None:
        _keep_notes(lead, notes, actor)


def rename(lead: Lead, name: str | None, actor: Actor) -> None:
    """Give the lead a name on one line; an empty one takes it away. Raises ValidationFailed."""
    name = one_line(clean_text(name or ""), NAME_LIMIT + 1) or None
    if name and len(name) > NAME_LIMIT:
        raise _refused("customer_name", lazy("At most %(limit)s characters.", limit=NAME_LIMIT))
    lock_lead(lead)
    if lead.customer_name != name:
        _change(lead, "name", lead.customer_name, name, actor)
        lead.customer_name = name


def set_notes(lead: Lead, notes: str, actor: Actor) -> None:
    """Keep these notes in place of the former ones. Raises ValidationFailed when they are too long."""
    notes = _checked_notes(notes)
    lock_lead(lead)
    _keep_notes(lead, notes, actor)


def set_tags(lead: Lead, tags: Iterable[str], actor: Actor) -> None:
    """Keep these tags in place of the former ones, each once, in the order given. Raises ValidationFailed."""
    tags = list(dict.fromkeys(tag for raw in tags if (tag := " ".join(clean_text(raw).split()))))
    if len(tags) > TAGS_LIMIT:
        raise _refused("tags", lazy("At most %(limit)s tags.", limit=TAGS_LIMIT))
    if any(len(tag) > TAG_LIMIT for tag in tags):
        raise _refused("tags", lazy("At most %(limit)s characters each.", limit=TAG_LIMIT))
    lock_lead(lead)
    if lead.tags != tags:
        _change(lead, "tags", ", ".join(lead.tags), ", ".join(tags), actor)
        lead.tags = tags


def lock_lead(lead: Lead) -> None:
    """Lock the row and read it again, so that the history never tells of a value that was not there.

    NO KEY: messages and events that refer to this lead need not wait. Raises NoResultFound when the person
    was merged or erased meanwhile.
    """
    db.session.flush()  # reading again throws away what is not written yet
    db.session.get_one(Lead, lead.id, with_for_update={"key_share": True}, populate_existing=True)


def record(
    lead: Lead,
    kind: str,
    actor: Actor,
    old: str | None = None,
    new: str | None = None,
    conversation_id: int | None = None,
    detail: Json | None = None,
) -> LeadEvent:
    """Add one line to the lead's history."""
    event = LeadEvent(
        lead_id=lead.id,
        conversation_id=conversation_id,
        kind=kind,
        old=old,
        new=new,
        by=actor.by,
        user_id=actor.user_id,
        api_key_id=actor.api_key_id,
        detail=detail or {},
    )
    db.session.add(event)
    return event


def _change(lead: Lead, kind: str, old: str | None, new: str | None, actor: Actor) -> None:
    record(lead, kind, actor, old=old, new=new)
    _raise_versions(lead)


def _keep_notes(lead: Lead, notes: str, actor: Actor) -> None:
    if lead.notes != notes:
        _change(lead, "notes", lead.notes, notes, actor)
        lead.notes = notes


def _raise_versions(lead: Lead) -> None:
    """Let the dashboard notice: name and status are drawn with each conversation of the lead."""
    of_lead = Conversation.lead_id == lead.id
    locked = select(Conversation.id).where(of_lead).order_by(Conversation.id)
    db.session.execute(locked.with_for_update(key_share=True))
    db.session.execute(update(Conversation).where(of_lead).values(version=Conversation.version + 1))


def _checked_notes(notes: str) -> str:
    notes = clean_text(notes).strip()
    if len(notes) > NOTES_LIMIT:
        raise _refused("notes", lazy("At most %(limit)s characters.", limit=NOTES_LIMIT))
    return notes


def _refused(field: str, reason: str) -> ValidationFailed:
    return ValidationFailed(lazy("The lead was not changed."), {field: [reason]})
