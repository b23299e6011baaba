"""A pool of threads that works through ids: each id once at a time, and again if it rang meanwhile."""

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

    def add(self, id: int) -> None:
        """Put an id in line. One that is being worked on is worked on once more afterwards."""
        with self._changed:
            if self._is_stopping or id in self._known:
                return
            if id in self._running:
                self._again.add(id)
                return
            self._known.add(id)
            self._waiting.append(id)
            self._changed.notify()

    def taken(self) -> list[int]:
        """Return the ids that are in line or being worked on."""
        with self._changed:
            return [*self._known, *self._running]

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
                self._changed.wait()
            id = self._waiting.popleft()
            self._known.discard(id)
            self._running.add(id)
            return id

    def _done(self, id: int) -> None:
        with self._changed:
            self._running.discard(id)
            is_again = id in self._again
            self._again.discard(id)
        if is_again:
            self.add(id)
