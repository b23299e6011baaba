"""What the list shows of a conversation after one of its messages turns out never to leave."""

from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Conversation, Message
from kiaai.models.message import ERASED
from kiaai.whatsapp.previews import preview_of


def show_newest(conversation: Conversation) -> None:
    """Show the newest message that was said or will be. Needs the lock; the caller raises the version.

    A customer whose answer was taken back waits again, and must stand among those who do.
    """
    newest = db.session.scalar(
        select(Message)
        .where(
            Message.conversation_id == conversation.id, Message.status != "cancelled", Message.kind != ERASED
        )
        .order_by(Message.timestamp.desc(), Message.id.desc())
        .limit(1)
    )
    if newest is None:
        conversation.last_message_preview, conversation.last_direction = "", None
        return
    # The column's type promises an object, `jsonb` itself does not.
    payload = newest.payload if isinstance(newest.payload, dict) else {}
    conversation.last_message_preview = preview_of(newest.kind, payload, newest.text)
    conversation.last_direction = newest.direction
    conversation.last_message_at = newest.timestamp
