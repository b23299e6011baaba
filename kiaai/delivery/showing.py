"""What the list shows of a conversation after one of its messages turns out never to leave."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, text

from kiaai.extensions import db
from kiaai.models import Conversation, Message
from kiaai.models.message import ERASED
from kiaai.whatsapp.previews import preview_of

# Shown is a message that was cancelled: the newest that was not is older.
_NEWER_SHOWN = text(f"""
    SELECT c.id, n.kind, n.payload, n.text, n.direction, n.timestamp
    FROM conversations c CROSS JOIN LATERAL (
        SELECT m.kind, m.payload, m.text, m.direction, m.timestamp FROM messages m
        WHERE m.conversation_id = c.id AND m.status <> 'cancelled' AND m.kind <> '{ERASED}'
        ORDER BY m.timestamp DESC, m.id DESC LIMIT 1) n
    WHERE c.id = ANY (:ids) AND n.timestamp < c.last_message_at""")
_SHOW = text("""
    UPDATE conversations SET last_message_preview = :preview, last_direction = :direction,
        last_message_at = :at
    WHERE id = :id""")


def show_newest_of(connection: Connection, ids: Sequence[int]) -> None:
    """Show the newest message instead of a cancelled one in these conversations, without loading rows."""
    for row in connection.execute(_NEWER_SHOWN, {"ids": list(ids)}).all():
        payload = row.payload if isinstance(row.payload, dict) else {}
        preview = preview_of(row.kind, payload, row.text)
        shown = {"id": row.id, "preview": preview, "direction": row.direction, "at": row.timestamp}
        connection.execute(_SHOW, shown)


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
