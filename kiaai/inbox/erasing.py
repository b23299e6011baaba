"""Delete the history of a conversation: every word and file of it, for good.

The rows stay, empty, with their ids at WhatsApp: a webhook that comes again brings nothing back.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from kiaai.delivery.lanes import refresh_due
from kiaai.delivery.ownership import lock, silence_bot
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.hooks.housekeeping import empty_messages
from kiaai.inbox.erasing_journal import erase_from_journal
from kiaai.leads.merging import forget_merges
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation, LeadEvent, Message, User
from kiaai.models.message import ERASED
from kiaai.texts import lazy

_CANCEL = text("""
    UPDATE messages SET status = 'cancelled', cancelled_at = clock_timestamp()
    WHERE conversation_id = :id AND status = 'queued'""")
_FILES = text("""
    DELETE FROM attachments WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = :id)
    RETURNING path""")
# The hash stands for words that are gone; without it the key of the message still is taken.
_ERASE = text(f"""
    UPDATE messages SET kind = '{ERASED}', text = NULL, payload = '{{}}', reply_to = NULL, error_text = NULL,
        client_hash = NULL
    WHERE conversation_id = :id AND kind <> '{ERASED}'""")
_BESIDES = (
    text("DELETE FROM notes WHERE conversation_id = :id"),
    text("DELETE FROM drafts WHERE conversation_id = :id"),
    text("UPDATE bot_turns SET input = '', passages = '{}', detail = '{}' WHERE conversation_id = :id"),
)


@dataclass(frozen=True)
class Erasure:
    """When the history was deleted, and by whom; None for somebody who left for good."""

    at: datetime
    user: User | None


def count_messages(conversation_id: int) -> int:
    """Return how many messages would be deleted."""
    found = select(func.count()).where(Message.conversation_id == conversation_id, Message.kind != ERASED)
    return db.session.scalar(found) or 0


def erase(conversation: Conversation, user_id: int) -> list[str]:
    """Delete what was said, and return the paths of its files, to be removed after the commit.

    Raises ValidationFailed while a message is on its way.
    """
    conversation = lock(conversation.id)
    of_it = {"id": conversation.id}
    leaving = select(Message.id).where(
        Message.conversation_id == conversation.id, Message.status == "sending"
    )
    if db.session.scalar(leaving):
        reason = lazy("A message is being sent right now. Try again in a moment.")
        raise ValidationFailed(reason, {"history": [reason]})
    count = count_messages(conversation.id)
    silence_bot(conversation)
    db.session.execute(_CANCEL, of_it)
    refresh_due(conversation.id)
    paths = [path for path in db.session.scalars(_FILES, of_it) if path]
    for statement in (_ERASE, *_BESIDES):
        db.session.execute(statement, of_it)
    erase_from_journal(conversation.id)
    empty_messages(conversation.lead_id, conversation.id)
    # What would part a merged person again tells of what was said before.
    forget_merges([conversation.lead_id])
    _show_nothing(conversation)
    actor, detail = Actor("user", user_id), {"messages": count}
    record(conversation.lead, "history_deleted", actor, conversation_id=conversation.id, detail=detail)
    return paths


def find_erasure(conversation_id: int, lead_id: int) -> Erasure | None:
    """Return the last time that the history was deleted."""
    found = db.session.execute(
        select(LeadEvent.created_at, User)
        .outerjoin(User, User.id == LeadEvent.user_id)
        .where(
            # The lead first: the events of one person are found by an index.
            LeadEvent.lead_id == lead_id,
            LeadEvent.conversation_id == conversation_id,
            LeadEvent.kind == "history_deleted",
        )
        .order_by(LeadEvent.id.desc())
        .limit(1)
    ).one_or_none()
    return Erasure(*found) if found else None


def _show_nothing(conversation: Conversation) -> None:
    conversation.last_message_preview = ""
    conversation.last_direction = None
    conversation.unread_count = 0
    conversation.read_wamid = conversation.read_due_at = None
    conversation.version += 1
