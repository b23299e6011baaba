"""A pool of threads that works through ids: each id once at a time, and again if it rang meanwhile."""

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)


class Pool:
    """`threads` threads call `work(id)`. An id that is waiting is not added twice."""

    def __init__(self, name: str, threads: int, work: Callable[[int], None]):
        self.name = name
        self._work = work
        self._size = threads
        self._changed = threading.Condition()
        self._waiting: deque[int] = deque()
        self._known: set[int] = set()
        self._later: list[tuple[float, int]] = []
        self._running: set[int] = set()
        self._again: set[int] = set()
        self._is_stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def add(self, id: int, in_seconds: float = 0) -> None:
        """Put an id in line, now or later. One that is being worked on is worked on once more afterwards."""
        with self._changed:
            if self._is_stopping:
                return
            if in_seconds > 0:
                heapq.heappush(self._later, (time.monotonic() + in_seconds, id))
                self._changed.notify()
            else:
                self._put_in_line(id)

    def taken(self) -> list[int]:
        """Return the ids that are in line, now or later, or being worked on."""
        with self._changed:
            return [*self._known, *self._running, *(id for _, id in self._later)]

    def room(self) -> int:
        """Return how many more ids keep the pool busy for a little while."""
        with self._changed:
            return max(0, 8 * self._size - len(self._waiting))

    def stop(self) -> None:
        """Begin nothing new."""
        with self._changed:
            self._is_stopping = True
            self._waiting.clear()
            self._known.clear()
            self._later.clear()
            self._changed.notify_all()

    def join(self, until: float) -> bool:
        """Wait for what is under way, until a monotonic moment. Return whether all ended."""
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (id := self._next()) is not None:
            try:
                self._work(id)
            # The worker's loop: whatever one piece of work breaks, the next goes on.
            except Exception:
                log.exception("Work on %s %s failed", self.name, id)
            finally:
                self._done(id)

    def _next(self) -> int | None:
        with self._changed:
            while not self._waiting:
                if self._is_stopping:
                    return None
                self._changed.wait(self._seconds_until_later())
                self._move_later()
            id = self._waiting.popleft()
            self._known.discard(id)
            self._running.add(id)
            return id

    def _done(self, id: int) -> None:
        with self._changed:
            self._running.discard(id)
            if id in self._again and not self._is_stopping:
                self._put_in_line(id)
            self._again.discard(id)

    def _put_in_line(self, id: int) -> None:
        if id in self._running:
            self._again.add(id)
        elif id not in self._known:
            self._known.add(id)
            self._waiting.append(id)
            self._changed.notify()

    def _seconds_until_later(self) -> float | None:
        return max(0.0, self._later[0][0] - time.monotonic()) if self._later else None

    def _move_later(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            self._put_in_line(heapq.heappop(self._later)[1])
