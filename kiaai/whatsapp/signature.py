"""Signatures of webhook bodies: HMAC-SHA256 of the raw bytes under the app secret."""

import hashlib
import hmac
from collections.abc import Iterable

_PREFIX = b"sha256="


def sign(raw: bytes, secret: str) -> str:
    """Return the value of `X-Hub-Signature-256` for these bytes."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def is_signed(raw: bytes, header: str | None, secrets: Iterable[str]) -> bool:
    """Say whether one of the secrets signed these bytes. Never raises, whatever the header holds.

    raw: the body as received; JSON that was parsed and written again has another signature.
    """
    # Bytes on both sides: compare_digest refuses text that is not ASCII.
    given = (header or "").encode("utf-8", "surrogatepass")
    if not given.startswith(_PREFIX):
        return False
    # Every secret is tried, so that the time does not tell which one fits.
    matches = [hmac.compare_digest(sign(raw, secret).encode(), given) for secret in secrets]
    return any(matches)
