"""Counting what somebody does: in the store that all processes share, in this process while that is away."""

import logging
import time

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from kiaai.extensions import limiter

log = logging.getLogger(__name__)

# A store that does not answer is left alone for a while: asking costs up to 0.2 s each time.
STORE_REST_SECONDS = 5.0


class Counters:
    """Counts hits on a limit per key; never fails."""

    def __init__(self) -> None:
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._ask_store_at = 0.0

    def hit(self, limit: RateLimitItem, *key: str) -> int | None:
        """Count one; return None while within the limit, else the seconds until it counts anew."""
        try:
            return _hit(self._counter(), limit, key)
        except limiter.storage.base_exceptions:
            self._rest()
            return _hit(self._own, limit, key)

    def clear(self, limit: RateLimitItem, *key: str) -> None:
        """Forget what was counted."""
        try:
            self._counter().clear(limit, *key)
        except limiter.storage.base_exceptions:
            self._rest()
        self._own.clear(limit, *key)

    def _counter(self) -> RateLimiter:
        return limiter.limiter if time.monotonic() >= self._ask_store_at else self._own

    def _rest(self) -> None:
        log.warning("The store of rate limits does not answer; this process counts by itself")
        self._ask_store_at = time.monotonic() + STORE_REST_SECONDS


counters = Counters()


def _hit(counter: RateLimiter, limit: RateLimitItem, key: tuple[str, ...]) -> int | None:
    if counter.hit(limit, *key):
        return None
    return max(1, int(counter.get_window_stats(limit, *key).reset_time - time.time()) + 1)
