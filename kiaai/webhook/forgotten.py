"""What is left of a body that WhatsApp repeats, or speaks late, of somebody who was erased."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from kiaai.webhook.erased_ids import erased_ids, hash_of, ids_of, ids_of_item
from kiaai.webhook.forgetting import ERASE_BODIES, SHORTEN_BODY
from kiaai.webhook.parting import part
from kiaai.whatsapp.inbound import Batch

_KNOWN = text("SELECT hash FROM erased_ids WHERE hash = ANY (CAST(:hashes AS uuid[]))")


class Forgotten(Exception):
    """Something of the body was erased with a person, so the body is not taken in as it is."""


@dataclass(frozen=True)
class Left:
    """A body without what was erased. body: empty when nothing is left."""

    batch: Batch
    body: bytes

    def outcome(self, given: str) -> str:
        return given if self.body else "erased"


def left_of(connection: Connection, batch: Batch, body: bytes, key: bytes) -> Left:
    """Return what of a body may be taken in."""
    hashes = [str(hash_of(key, id)) for id in ids_of(batch)]
    known = connection.execute(_KNOWN, {"hashes": hashes}).scalars()
    gone = erased_ids(batch, known, key)
    return Left(_without(batch, gone), part(body, lambda item: not gone.isdisjoint(ids_of_item(item))).body)


def write_down(connection: Connection, event_id: int, left: Left) -> None:
    """Keep no more of a body in the journal than what is left of it."""
    if left.body:
        connection.execute(SHORTEN_BODY, {"id": event_id, "body": left.body})
    else:
        connection.execute(ERASE_BODIES, {"ids": [event_id]})


def _without(batch: Batch, gone: set[str]) -> Batch:
    changes: dict[str, Any] = {
        "messages": tuple(message for message in batch.messages if message.wamid not in gone),
        "identity_changes": tuple(c for c in batch.identity_changes if c.wamid not in gone),
        "statuses": tuple(s for s in batch.statuses if gone.isdisjoint({s.wamid, s.send_key})),
        "preferences": tuple(
            p for p in batch.preferences if gone.isdisjoint(ids_of(replace(_NONE, preferences=(p,))))
        ),
    }
    return replace(batch, **changes)


_NONE = Batch((), (), (), (), (), (), (), (), frozenset())
