"""How a model that fails is spared, and how many ask it at once, so that no turn waits for nothing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kiaai.errors import KiaAiError

# The worker has more threads for turns than this: the others answer what needs no model.
MOST_AT_ONCE = 16
FAILURES_BEFORE_REST = 3
REST_SECONDS = 30.0


class ModelFailed(KiaAiError):
    """The model has no part in this answer.

    code: as `ModelRecord.stopped` names it. is_free: it surely cost nothing. http_status: of a refusal.
    """

    def __init__(self, code: str, why: str = "", is_free: bool = False, http_status: int | None = None):
        super().__init__(why or code)
        self.code, self.is_free, self.http_status = code, is_free, http_status


class Turnstile:
    """Lets so many ask at once, and nobody for a while after several failures in a row."""

    def __init__(self, most_at_once: int = MOST_AT_ONCE, rest_seconds: float = REST_SECONDS):
        self._room = threading.Semaphore(most_at_once)
        self._rest_seconds = rest_seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold a place. Raises ModelFailed at once where there is none: an answer must not wait in line."""
        if time.monotonic() < self._rests_until:
            raise ModelFailed("model_resting", is_free=True)
        if not self._room.acquire(blocking=False):
            raise ModelFailed("model_busy", is_free=True)
        try:
            yield
        finally:
            self._room.release()

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_BEFORE_REST:
                self._rests_until = time.monotonic() + self._rest_seconds
