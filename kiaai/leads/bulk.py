"""Change several people at once, and take that back: all of them, or none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation, Lead, User
from kiaai.models.lead import LEAD_STATUSES
from kiaai.texts import Text, lazy

MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Change:
    """What was done. former: what each had before, by the id of the lead; only those that are changed now.

    left: how many stayed as they were because somebody else changed them meanwhile, or, when assigning,
    because they have no conversation.
    """

    former: dict[int, str] = field(default_factory=dict)
    left: int = 0


def set_status(ids: Sequence[int], status: str, actor: Actor) -> Change:
    """Move the people to a status. Raises ValidationFailed."""
    if status not in LEAD_STATUSES:
        raise _refused("lead_status", lazy("Must be one of: %(names)s.", names=", ".join(LEAD_STATUSES)))
    former = {}
    for lead in _locked(ids):
        if lead.lead_status != status:
            former[lead.id] = lead.lead_status
            pipeline.set_status(lead, status, actor)
    return Change(former)


def undo_status(former: Mapping[int, str], set_to: str, actor: Actor) -> Change:
    """Give each the status they had, but those to whom somebody gave another one meanwhile."""
    undone, left = {}, 0
    for lead in _locked(list(former)):
        if lead.lead_status != set_to:
            left += 1
            continue
        undone[lead.id] = set_to
        pipeline.set_status(lead, former[lead.id], actor)
    return Change(undone, left)


def change_tags(ids: Sequence[int], add: Iterable[str], remove: Iterable[str], actor: Actor) -> Change:
    """Add and remove tags. Raises ValidationFailed. former: is empty text, as an undo does the opposite."""
    add, remove = list(add), set(remove)
    if not add and not remove:
        raise _refused("tags", lazy("Choose a tag first."))
    former = {}
    for lead in _locked(ids):
        tags = [
            *(tag for tag in lead.tags if tag not in remove),
            *(tag for tag in add if tag not in lead.tags),
        ]
        if tags != lead.tags:
            former[lead.id] = ""
            pipeline.set_tags(lead, tags, actor)
    return Change(former)


def assign(ids: Sequence[int], to_id: int | None, actor: Actor) -> Change:
    """Give the newest conversation of each to a person, or to nobody. Raises ValidationFailed."""
    _require_person(to_id)
    leads = _locked(ids)
    conversations = _newest_of(leads)
    former = {}
    for lead in leads:
        conversation = conversations.get(lead.id)
        if conversation is not None and conversation.assignee_id != to_id:
            former[lead.id] = str(conversation.assignee_id or "")
            _assign(conversation, to_id, actor)
    return Change(former, len(leads) - len(conversations))


def undo_assign(former: Mapping[int, str], set_to: int | None, actor: Actor) -> Change:
    """Give each conversation back to whose it was, but those that somebody gave away meanwhile."""
    leads = _locked(list(former))
    conversations = _newest_of(leads)
    undone = {}
    for lead in leads:
        conversation = conversations.get(lead.id)
        to_id = int(former[lead.id]) if former[lead.id] else None
        if conversation is not None and conversation.assignee_id == set_to and _is_person(to_id):
            undone[lead.id] = str(set_to or "")
            _assign(conversation, to_id, actor)
    return Change(undone, len(leads) - len(undone))


def _assign(conversation: Conversation, to_id: int | None, actor: Actor) -> None:
    person = db.session.get(User, to_id) if to_id is not None else None
    former = conversation.assignee.display_name if conversation.assignee else None
    conversation.assignee_id = to_id
    conversation.version += 1
    new = person.display_name if person else None
    record(conversation.lead, "assigned", actor, old=former, new=new, conversation_id=conversation.id)


def _locked(ids: Sequence[int]) -> list[Lead]:
    """Lock the people, then all their conversations, each in the order of their ids, as everybody does.

    All at once, before a rule locks those of one after the other. Raises ValidationFailed.
    """
    if not ids:
        raise _refused("ids", lazy("Select somebody first."))
    leads = select(Lead).where(Lead.id.in_(ids)).order_by(Lead.id)
    locked = leads.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = list(db.session.scalars(locked))
    if len(found) < len(set(ids)):
        raise _refused("ids", lazy("One of these people is no longer there. Nothing was changed."))
    theirs = select(Conversation).where(Conversation.lead_id.in_(ids)).order_by(Conversation.id)
    theirs = theirs.with_for_update(key_share=True).execution_options(populate_existing=True)
    db.session.scalars(theirs).all()
    return found


def _newest_of(leads: Sequence[Lead]) -> dict[int, Conversation]:
    """Return the newest conversation by lead."""
    of_leads = select(Conversation).where(Conversation.lead_id.in_([lead.id for lead in leads]))
    rows = db.session.scalars(of_leads.order_by(Conversation.last_message_at, Conversation.id))
    return {conversation.lead_id: conversation for conversation in rows}


def _require_person(user_id: int | None) -> None:
    if not _is_person(user_id):
        raise _refused("assignee_id", lazy("There is no such person in the team."))


def _is_person(user_id: int | None) -> bool:
    """Tell whether work may be given to them; nobody always may have it."""
    person = db.session.get(User, user_id) if user_id is not None else None
    return user_id is None or (person is not None and person.active)


def _refused(name: str, reason: Text) -> ValidationFailed:
    return ValidationFailed(reason, {name: [reason]})
