"""Take the words of a conversation out of the journal of what WhatsApp sent.

A body that speaks of nobody else is emptied; from one that does, only the messages of the conversation go.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.models import Message
from kiaai.whatsapp.inbound import UnreadableBody, parse

# Applied bodies live for 30 days, so these are few. A webhook that came again has a row of its own that no
# message names; its body is the same.
_BODIES = text("""
    WITH named AS MATERIALIZED (
        SELECT id, body FROM webhook_events WHERE outcome <> 'erased' AND id IN (
            SELECT webhook_event_id FROM messages
            WHERE conversation_id = :id AND webhook_event_id IS NOT NULL))
    SELECT id, received_at, body FROM webhook_events
    WHERE outcome <> 'erased' AND id >= (SELECT min(id) FROM named) AND body IN (SELECT body FROM named)
    ORDER BY id""")
_EMPTY = text("""
    UPDATE webhook_events SET body = '', outcome = 'erased', error = NULL, replay_at = NULL
    WHERE id = ANY (:ids)""")
_SHORTEN = text("UPDATE webhook_events SET body = :body WHERE id = :id")


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
        if _speaks_only_of(own, bytes(row.body), row.received_at):
            emptied.append(row.id)
        else:
            db.session.execute(_SHORTEN, {"id": row.id, "body": without(own, bytes(row.body))})
    db.session.execute(_EMPTY, {"ids": emptied})


def without(wamids: set[str], body: bytes) -> bytes:
    """Return a body without what has one of these ids; empty when it cannot be read."""
    try:
        return json.dumps(_without(wamids, json.loads(body))).encode()
    except (ValueError, RecursionError):
        return b""


def _without(wamids: set[str], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(wamids, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without(wamids, member) for member in value if not _is_one_of(wamids, member)]
    return value


def _is_one_of(wamids: set[str], value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str) and value["id"] in wamids


def _speaks_only_of(own: set[str], body: bytes, received_at: datetime) -> bool:
    try:
        batch = parse(body, received_at)
    except UnreadableBody:
        return False
    if batch.contact_names or batch.problems:
        return False
    return all(message.wamid in own for message in batch.messages)
