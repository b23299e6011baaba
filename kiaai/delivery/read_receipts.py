"""Tell Meta that a person or the bot has read a conversation. Commits itself, before and after the call."""

import logging

from sqlalchemy import text

from kiaai.extensions import db
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError

log = logging.getLogger(__name__)

# Put off before the call: a worker killed during it leaves the row for the next sweep.
_CLAIM = text("""
    UPDATE conversations c SET read_due_at = clock_timestamp() + interval '1 minute'
    FROM channels ch
    WHERE c.id = :id AND ch.id = c.channel_id AND ch.phone_number_id = :phone_number_id
      AND c.read_wamid IS NOT NULL AND c.read_due_at <= clock_timestamp()
    RETURNING c.read_wamid
""")
_DONE = text("""
    UPDATE conversations SET read_wamid = NULL, read_due_at = NULL WHERE id = :id AND read_wamid = :wamid
""")


def tell_read(conversation_id: int, client: WhatsAppClient) -> None:
    """Mark the newest message read at Meta, which marks all before it too. Failing is tried again later."""
    values = {"id": conversation_id, "phone_number_id": client.phone_number_id}
    wamid = db.session.execute(_CLAIM, values).scalar()
    db.session.commit()
    db.session.remove()
    if wamid is None:
        return
    try:
        client.mark_as_read(wamid)
    except GraphError as error:
        if not error.permanent:
            return
        # Older than 30 days, deleted ... : it can never be marked, and nobody misses it.
        log.info("Not marked as read: %s", error, extra={"conversation_id": conversation_id})
    db.session.execute(_DONE, {"id": conversation_id, "wamid": wamid})
    db.session.commit()
