"""Keys of the JSON API: random, shown once, kept as a hash."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, select

from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.models import ApiKey
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text, one_line

PREFIX = "kia_"
SHOWN = len(PREFIX) + 6
NAME_LIMIT = 100
USE_NOTED_EVERY = timedelta(minutes=1)


def create_key(name: str, user_id: int | None = None) -> tuple[ApiKey, str]:
    """Make a key; return its row and the key itself, which is kept nowhere. Raises ValidationFailed."""
    name = one_line(clean_text(name), NAME_LIMIT)
    if not name:
        reasons: dict[str, list[str]] = {"name": [lazy("Must not be empty.")]}
        raise ValidationFailed(lazy("Name the program that will use the key."), reasons)
    token = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(name=name, prefix=token[:SHOWN], key_hash=_hash(token), created_by=user_id)
    db.session.add(key)
    db.session.flush()
    return key, token


def find_key(token: str) -> ApiKey | None:
    """Return the key that this token is, unless it was revoked."""
    wanted = _hash(token)
    key = db.session.scalar(select(ApiKey).where(ApiKey.key_hash == wanted, ApiKey.revoked_at.is_(None)))
    return key if key and hmac.compare_digest(key.key_hash, wanted) else None


def note_use(key: ApiKey, at: datetime) -> bool:
    """Note that the key was used, at most once a minute; tell whether that is to be committed."""
    if key.last_used_at and at - key.last_used_at < USE_NOTED_EVERY:
        return False
    key.last_used_at = at
    return True


def list_keys() -> list[ApiKey]:
    """Return all keys, those in use first, newest first."""
    return list(db.session.scalars(select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())))


def revoke_key(key_id: int) -> ApiKey:
    """End a key at once; ending it twice changes nothing. Raises NotFound."""
    key = db.session.get(ApiKey, key_id)
    if key is None:
        raise NotFound(lazy("This key does not exist."))
    if key.revoked_at is None:
        key.revoked_at = db.session.scalar(select(func.clock_timestamp()))
    return key


def _hash(token: str) -> str:
    # No salt and no slow hash: the token itself is 256 random bits.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
