"""What the composer draws: what was written in it, and the message that it answers."""

from typing import Any
from uuid import uuid4

from kiaai.errors import ValidationFailed
from kiaai.inbox.bubbles import Quote, quote_of
from kiaai.inbox.drafts import Written
from kiaai.inbox.thread import find_message
from kiaai.inbox.viewer import Viewer
from kiaai.models import Conversation, Message
from kiaai.texts import lazy


def composer(conversation: Conversation, viewer: Viewer, written: Written) -> dict[str, Any]:
    """Return what the composer draws, with a fresh key for the next message."""
    return {
        "conversation": conversation,
        "written": written,
        "quote": strip(written.reply_to, viewer),
        "key": uuid4(),
    }


def strip(message: Message | None, viewer: Viewer) -> Quote | None:
    """Return the message that is being answered, in one line."""
    return quote_of(message, viewer.id) if message and can_be_answered(message) else None


def can_be_answered(message: Message) -> bool:
    """Tell whether WhatsApp knows the message, so that an answer can refer to it."""
    return message.message_id is not None and message.revoked_at is None


def answered_message(conversation: Conversation, message_id: int | None) -> Message | None:
    """Return the message that an answer names. Raises ValidationFailed when it cannot be answered."""
    if message_id is None:
        return None
    message = find_message(message_id)
    is_here = message is not None and message.conversation_id == conversation.id
    if message is None or not is_here or not can_be_answered(message):
        reason = lazy("The message you answer cannot be referred to. Send yours without the reference.")
        raise ValidationFailed(reason, {"message": [reason]})
    return message
