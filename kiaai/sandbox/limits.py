"""The two sending limits of a number: messages a second, and messages to one person."""

import threading
import time
from collections import deque

from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.rules import Rules

PAIR_BURST = 45
PAIR_SECONDS = 6.0


class Limits:
    """Counts accepted sends. Kept in memory: after a restart everyone may send again."""

    def __init__(self, rules: Rules):
        self._rules = rules
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self._pairs: dict[int, tuple[float, float]] = {}

    def count(self, person_id: int) -> None:
        """Count one send to a person. Raises GraphProblem 130429 or 131056 when that is one too many."""
        now = time.monotonic()
        with self._lock:
            self._check_throughput(now)
            self._check_pair(person_id, now)
            self._recent.append(now)

    def _check_throughput(self, now: float) -> None:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        per_second = self._rules.throughput_per_second
        if per_second is not None and len(self._recent) >= int(per_second * 1.05):
            raise GraphProblem(130429, subcode=2494055)

    def _check_pair(self, person_id: int, now: float) -> None:
        tokens, at = self._pairs.get(person_id, (float(PAIR_BURST), now))
        tokens = min(PAIR_BURST, tokens + (now - at) / PAIR_SECONDS)
        if self._rules.has_pair_limit and tokens < 1:
            raise GraphProblem(131056)
        self._pairs[person_id] = (tokens - 1, now)
