"""Reading: what a person has seen is no longer unread, and Meta is told."""

from sqlalchemy import func, select
from sqlalchemy import tuple_ as row_of

from kiaai.delivery.ownership import lock
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.thread import ANNOTATIONS, unread_after
from kiaai.models import Conversation, Message
from kiaai.models.message import ERASED
from kiaai.texts import lazy


def mark_read(conversation: Conversation, up_to_message_id: int) -> bool:
    """Note that everything up to a message was seen; what came after it stays unread.

    Returns whether anything changed; then the worker is to be woken for Meta. The caller commits.
    """
    conversation = lock(conversation.id)
    shown = db.session.scalar(
        select(Message).where(Message.id == up_to_message_id, Message.conversation_id == conversation.id)
    )
    if shown is None or conversation.unread_count == 0:
        return False
    # Never more than before: messages of an imported history do not count as unread.
    left = unread_after(conversation.id, shown, at_most=conversation.unread_count)
    if left == conversation.unread_count:
        return False
    conversation.unread_count = left
    conversation.version += 1
    _tell_meta(conversation, shown)
    return True


def mark_unread(conversation: Conversation) -> None:
    """Let the conversation count as unread; one that does already stays as it is. Raises ValidationFailed."""
    conversation = lock(conversation.id)
    if conversation.last_direction is None:
        reason = lazy("There is nothing to read here yet.")
        raise ValidationFailed(reason, {"unread": [reason]})
    if conversation.unread_count:
        return
    conversation.unread_count = 1
    conversation.version += 1


def has_unseen(conversation: Conversation, seen_id: int) -> bool:
    """Tell whether a message came in that somebody has to read, after all those with ids up to one. Locks.

    By ids, which grow as messages come in; their times may lie before those that came earlier.
    """
    conversation = lock(conversation.id)
    if not conversation.unread_count:
        return False
    newer = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.direction == "incoming",
        Message.kind.not_in((*ANNOTATIONS, "system", ERASED)),
        Message.id > seen_id,
    )
    return db.session.scalar(newer.limit(1)) is not None


def _tell_meta(conversation: Conversation, shown: Message) -> None:
    wamid = db.session.scalar(
        select(Message.message_id)
        .where(
            Message.conversation_id == conversation.id,
            Message.direction == "incoming",
            Message.message_id.is_not(None),
            row_of(Message.timestamp, Message.id) <= row_of(shown.timestamp, shown.id),
        )
        .order_by(Message.timestamp.desc(), Message.id.desc())
        .limit(1)
    )
    if wamid is not None:
        conversation.read_wamid = wamid
        conversation.read_due_at = func.clock_timestamp()
