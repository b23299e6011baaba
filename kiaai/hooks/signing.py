"""How a receiver knows that a delivery is ours: an HMAC over the moment and the body."""

import hashlib
import hmac
import secrets

PREFIX = "kiasec_"


def new_secret() -> str:
    """Return a random secret."""
    return PREFIX + secrets.token_urlsafe(32)


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the header `Kiaai-Signature`.

    at: unix seconds; signed too, so that nobody can send an old delivery once more.
    """
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
