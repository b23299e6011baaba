"""Keep the words of erased messages out of the journal, also when WhatsApp sends them once more.

A body that speaks of nothing else is emptied; from one that does, only the erased messages go.
"""

import json
from collections.abc import Set
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from kiaai.whatsapp.inbound import UnreadableBody, parse

ERASE_BODIES = text("""
    UPDATE webhook_events SET body = '', outcome = 'erased', error = NULL, replay_at = NULL
    WHERE id = ANY (:ids)""")
SHORTEN_BODY = text("UPDATE webhook_events SET body = :body WHERE id = :id")


def forget(
    connection: Connection,
    event_id: int,
    body: bytes,
    erased: Set[str],
    received_at: datetime,
    is_applied: bool,
) -> bool:
    """Take messages out of the journal row of this body. Returns whether nothing is left of it.

    is_applied: all else is in its place; what is not, such as a status, is needed once more.
    """
    if is_applied and speaks_only_of(erased, body, received_at):
        connection.execute(ERASE_BODIES, {"ids": [event_id]})
        return True
    connection.execute(SHORTEN_BODY, {"id": event_id, "body": without(erased, body)})
    return False


def speaks_only_of(wamids: Set[str], body: bytes, received_at: datetime) -> bool:
    """Tell whether a body holds no message, and nothing that went wrong, but those with these ids."""
    try:
        batch = parse(body, received_at)
    except UnreadableBody:
        return False
    if batch.contact_names or batch.problems:
        return False
    return all(message.wamid in wamids for message in batch.messages)


def without(wamids: Set[str], body: bytes) -> bytes:
    """Return a body without what has one of these ids; empty when it cannot be read."""
    try:
        return json.dumps(_without(wamids, json.loads(body))).encode()
    except (ValueError, RecursionError):
        return b""


def _without(wamids: Set[str], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(wamids, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without(wamids, member) for member in value if not _is_one_of(wamids, member)]
    return value


def _is_one_of(wamids: Set[str], value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str) and value["id"] in wamids
