"""The same file handed in twice by a program that did not hear the answer is one import."""

import hashlib
import json
from typing import Any

from sqlalchemy import func, select

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import Import
from kiaai.texts import lazy

_KEY, _HASH = "client_key", "client_hash"


def find_first(client_key: str, digest: str) -> Import | None:
    """Return the import that came with this key before; until the commit, another with it waits.

    client_key: who sent it, and their key. Raises ValidationFailed when it came with another content.
    """
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(client_key, 0))))
    found = db.session.scalars(select(Import).where(Import.options[_KEY].astext == client_key)).first()
    if found is not None and found.options.get(_HASH) != digest:
        raise ValidationFailed(
            lazy("This Idempotency-Key was used for another file. Use a new key for each file."),
            code="idempotency_key_reused",
        )
    return found


def remember(record: Import, client_key: str, digest: str) -> None:
    """Keep the key with the import. No commit."""
    record.options = {**record.options, _KEY: client_key, _HASH: digest}


def digest_of(content: bytes, options: dict[str, Any]) -> str:
    """Return a hash of a file and of all that was said about it."""
    said = json.dumps(options, sort_keys=True).encode()
    return hashlib.sha256(hashlib.sha256(said).digest() + content).hexdigest()
