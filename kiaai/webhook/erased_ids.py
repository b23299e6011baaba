"""The ids of what was erased with a person, kept as keyed hashes: enough to know them again, and no more."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from kiaai.whatsapp.cleaning import Item, id_at, text_at
from kiaai.whatsapp.inbound import Batch, InboundMessage

_BLOCK_BYTES = 64
_HASH_BYTES = 16
# What is about a message that nobody has any more is of no use without it.
_ANNOTATIONS = frozenset({"edit", "revoke", "reaction"})


def key_of(secret_key: str) -> bytes:
    """Return the key of the hashes. Another secret key forgets what was erased."""
    return hmac.digest(secret_key.encode(), b"erased ids", "sha256")


def hash_of(key: bytes, id: str) -> UUID:
    """Return the hash of an id, as `erased_ids` keeps it."""
    return UUID(bytes=hmac.digest(key, id.encode("utf-8", "replace"), "sha256")[:_HASH_BYTES])


def hash_sql(expression: str) -> str:
    """Return SQL for the same hash. Needs the parameters of `hash_values`."""
    inner = f"sha256(CAST(:inner_pad AS bytea) || convert_to({expression}, 'UTF8'))"
    outer = f"sha256(CAST(:outer_pad AS bytea) || {inner})"
    return f"CAST(encode(substring({outer} FOR {_HASH_BYTES}), 'hex') AS uuid)"


def hash_values(key: bytes) -> dict[str, bytes]:
    """Return the parameters of `hash_sql`: the key with the two paddings of an HMAC (RFC 2104)."""
    padded = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    return {
        "inner_pad": bytes(byte ^ 0x36 for byte in padded),
        "outer_pad": bytes(byte ^ 0x5C for byte in padded),
    }


def ids_of(batch: Batch) -> list[str]:
    """Return all ids by which something in a batch could be known as erased, each once."""
    found: dict[str, None] = {}
    for message in batch.messages:
        found.update(dict.fromkeys(_ids_of_message(message)))
    for status in batch.statuses:
        found.update(dict.fromkeys(filter(None, (status.wamid, status.send_key))))
    for preference in batch.preferences:
        customer = preference.customer
        found[_preference_id(customer.wa_id or customer.bsuid or "", preference.timestamp.timestamp())] = None
    return list(found)


def ids_of_item(item: Item) -> set[str]:
    """Return the ids of one item as it stands in a body."""
    ids = {id_at(item, "id"), (text_at(item, "biz_opaque_callback_data") or "").lower()}
    said_at = _seconds(item.get("timestamp"))
    if "category" in item and "value" in item and said_at is not None:
        whose = (id_at(item, "wa_id") or "").removeprefix("+") or id_at(item, "user_id") or ""
        ids.add(_preference_id(whose, said_at))
    return {id for id in ids if id}


def erased_ids(batch: Batch, hashes: Iterable[UUID], key: bytes) -> set[str]:
    """Return the ids of a batch whose hashes are known, with those of what is about them."""
    known = set(hashes)
    ids = {id for id in ids_of(batch) if hash_of(key, id) in known}
    return ids | {message.wamid for message in batch.messages if not ids.isdisjoint(_ids_of_message(message))}


def _ids_of_message(message: InboundMessage) -> tuple[str, ...]:
    if message.kind in _ANNOTATIONS and message.reply_to:
        return (message.wamid, message.reply_to)
    return (message.wamid,)


def _preference_id(whose: str, at: float) -> str:
    return f"preference:{whose}:{int(at)}"


def _seconds(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
