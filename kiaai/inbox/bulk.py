"""Change several conversations at once: all of them, or none."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import closing
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation, Lead, User
from kiaai.texts import Text, lazy

MOST_AT_ONCE = 200

# A tag belongs to the lead, and shows in each conversation of theirs.
_WITH_THE_SAME_LEADS = text("""
    SELECT id FROM conversations
    WHERE lead_id IN (SELECT lead_id FROM conversations WHERE id = ANY (:ids))""")


def assign(ids: Sequence[int], to_id: int | None, actor: Actor) -> None:
    """Give the conversations to a person, or to nobody; who has one keeps it. Raises ValidationFailed."""
    person = db.session.get(User, to_id) if to_id is not None else None
    if to_id is not None and (person is None or not person.active):
        raise _refused("user_id", lazy("There is no such person in the team."))
    for conversation in _locked(ids):
        if conversation.assignee_id == to_id:
            continue
        former = conversation.assignee.display_name if conversation.assignee else None
        conversation.assignee_id = to_id
        conversation.version += 1
        record(
            conversation.lead,
            "assigned",
            actor,
            old=former,
            new=person.display_name if person else None,
            conversation_id=conversation.id,
        )


def close(ids: Sequence[int], shown_unread: Mapping[int, int], actor: Actor) -> int:
    """Put the conversations away, and return how many. One with more to read than was shown stays."""
    seen = [row for row in _locked(ids) if row.unread_count <= shown_unread.get(row.id, row.unread_count)]
    for conversation in seen:
        closing.close(conversation, actor)
    return len(seen)


def reopen(ids: Sequence[int], actor: Actor) -> None:
    """Take the conversations back to the list."""
    for conversation in _locked(ids):
        closing.reopen(conversation, actor)


def tag(ids: Sequence[int], add: Iterable[str], remove: Iterable[str], actor: Actor) -> None:
    """Add and remove tags of the people of these conversations. Raises ValidationFailed."""
    add, remove = list(add), set(remove)
    if not add and not remove:
        raise _refused("tags", lazy("Choose a tag first."))
    _require_some(ids)
    leads = _locked_leads(ids)
    # All at once, before the rule locks those of one lead after the other.
    _locked([*db.session.scalars(_WITH_THE_SAME_LEADS, {"ids": list(ids)}), *ids])
    for lead in leads:
        kept = [each for each in lead.tags if each not in remove]
        pipeline.set_tags(lead, [*kept, *add], actor)


def _locked_leads(ids: Sequence[int]) -> list[Lead]:
    """Lock the leads before the conversations, and in their order: see the design, "Tables"."""
    of_these = select(Conversation.lead_id).where(Conversation.id.in_(ids))
    leads = select(Lead).where(Lead.id.in_(of_these)).order_by(Lead.id)
    locked = leads.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(db.session.scalars(locked))


def _locked(ids: Sequence[int]) -> list[Conversation]:
    """Lock the conversations in the order of their ids. Raises ValidationFailed when one is not there."""
    _require_some(ids)
    rows = select(Conversation).where(Conversation.id.in_(ids)).order_by(Conversation.id)
    rows = rows.options(selectinload(Conversation.lead), selectinload(Conversation.assignee))
    locked = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = list(db.session.scalars(locked))
    if len(found) < len(set(ids)):
        raise _refused("ids", lazy("One of these conversations is no longer there. Nothing was changed."))
    return found


def _require_some(ids: Sequence[int]) -> None:
    if not ids:
        raise _refused("ids", lazy("Select a conversation first."))


def _refused(field: str, reason: Text) -> ValidationFailed:
    return ValidationFailed(reason, {field: [reason]})
