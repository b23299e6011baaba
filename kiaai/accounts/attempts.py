"""How often a password may be guessed: ten wrong tries per account and address in 15 minutes."""

import hashlib
import ipaddress

from limits import RateLimitItemPerMinute

from kiaai.web.rate_limits import counters

TRIES = RateLimitItemPerMinute(10, 15, namespace="sign-in")


def seconds_to_wait(email: str, address: str) -> int | None:
    """Count a try before it is made, so that a hundred at once are no way around; None: go ahead."""
    return counters.hit(TRIES, *_key(email, address))


def forget(email: str, address: str) -> None:
    """Forget the tries of somebody who got in: only failures count."""
    counters.clear(TRIES, *_key(email, address))


def _key(email: str, address: str) -> tuple[str, str]:
    return hashlib.sha256(email.strip().lower().encode(errors="replace")).hexdigest()[:32], _network(address)


def _network(address: str) -> str:
    """Return the address; of IPv6 its /64, which is what one customer of a provider has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address or "unknown"
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
