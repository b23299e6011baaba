"""Take the words of a conversation out of the journal of what WhatsApp sent.

A body that speaks of nobody else is emptied; from one that does, only the messages of the conversation go.
"""

from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.models import Message
from kiaai.webhook.forgetting import ERASE_BODIES, SHORTEN_BODY, speaks_only_of, without

# Applied bodies live for 30 days, so these are few. A webhook that came again has a row of its own that no
# message names; its body is the same.
_BODIES = text("""
    WITH named AS MATERIALIZED (
        SELECT id, body FROM webhook_events WHERE outcome <> 'erased' AND id IN (
            SELECT webhook_event_id FROM messages
            WHERE conversation_id = :id AND webhook_event_id IS NOT NULL))
    SELECT id, received_at, outcome, body FROM webhook_events
    WHERE outcome <> 'erased' AND id >= (SELECT min(id) FROM named) AND body IN (SELECT body FROM named)
    ORDER BY id""")


def erase_from_journal(conversation_id: int) -> None:
    """Take the messages of the conversation out of all bodies that hold them. Needs the lock."""
    own = {
        wamid
        for wamid in db.session.scalars(
            select(Message.message_id).where(Message.conversation_id == conversation_id)
        )
        if wamid
    }
    emptied = []
    for row in db.session.execute(_BODIES, {"id": conversation_id}).all():
        # What of the others could not be applied yet, such as a status, is needed once more.
        is_applied = row.outcome == "applied"
        if is_applied and speaks_only_of(own, bytes(row.body), row.received_at):
            emptied.append(row.id)
        else:
            db.session.execute(SHORTEN_BODY, {"id": row.id, "body": without(own, bytes(row.body))})
    db.session.execute(ERASE_BODIES, {"ids": emptied})
