"""Take imported messages out of their conversations again."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from kiaai.delivery.showing import show_newest
from kiaai.extensions import db
from kiaai.models import Conversation, Message


def remove_messages(ids: Sequence[int]) -> None:
    """Delete these messages, and let the list show what is the newest without them. No commit."""
    if not ids:
        return
    of_these = select(Message.conversation_id).where(Message.id.in_(ids))
    locked = select(Conversation).where(Conversation.id.in_(of_these)).order_by(Conversation.id)
    conversations = db.session.scalars(locked.with_for_update(key_share=True)).all()
    db.session.execute(delete(Message).where(Message.id.in_(ids)))
    for conversation in conversations:
        show_newest(conversation)
        if conversation.last_direction is None:
            conversation.last_message_at = conversation.created_at
        conversation.version += 1
    db.session.flush()
