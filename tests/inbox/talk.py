"""Talk put straight into the tables."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from kiaai.extensions import db
from kiaai.models import Conversation, Message


def store_message(conversation: Conversation, text: str | None = "Hola", **columns: Any) -> Message:
    """Store a message, with what it changes on its conversation."""
    is_incoming = columns.setdefault("direction", "incoming") == "incoming"
    columns.setdefault("author", "customer" if is_incoming else "user")
    columns.setdefault("status", "received" if is_incoming else "sent")
    columns.setdefault("message_id", f"wamid.{uuid4().hex}")
    columns.setdefault("timestamp", datetime.now(UTC))
    message = Message(conversation_id=conversation.id, text=text, **columns)
    db.session.add(message)
    conversation.last_message_at = columns["timestamp"]
    conversation.last_message_preview = text or ""
    conversation.last_direction = columns["direction"]
    if is_incoming:
        conversation.last_inbound_at = columns["timestamp"]
        conversation.unread_count = Conversation.unread_count + 1
    conversation.version = Conversation.version + 1
    db.session.commit()
    return message


def hear(conversation_id: int, text: str | None, **columns: Any) -> int:
    """Store a message, and leave no transaction open: the browser takes longer than one may idle.

    Returns the id of the message.
    """
    message_id = store_message(db.session.get_one(Conversation, conversation_id), text, **columns).id
    db.session.rollback()
    return message_id
