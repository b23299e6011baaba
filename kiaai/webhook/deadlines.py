"""A deadline on a database connection that holds even when the server process is stopped.

PostgreSQL's own time-outs live in the server, so a stopped server never fires them. One thread per
process closes the sockets of those that took too long; their callers get an OperationalError.
"""

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator

from sqlalchemy import Connection


class _Watch:
    """One connection under a deadline. Its lock keeps a closed number from being cut off for another."""

    def __init__(self, descriptor: int):
        self.descriptor = descriptor
        self.lock = threading.Lock()
        self.is_over = False

    def end(self) -> None:
        with self.lock:
            self.is_over = True

    def cut_off(self) -> None:
        with self.lock:
            if not self.is_over:
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.descriptor)) as copy:
                    copy.shutdown(socket.SHUT_RDWR)


class _Watchman:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: list[tuple[float, int, _Watch]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def add(self, watch: _Watch, seconds: float) -> None:
        with self._changed:
            heapq.heappush(self._watches, (time.monotonic() + seconds, next(self._numbers), watch))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            # Every deadline is as long as the others, so a nap never sleeps past one by much.
            time.sleep(0.1)
            for watch in self._due():
                watch.cut_off()

    def _due(self) -> list[_Watch]:
        with self._changed:
            due = []
            while self._watches and (self._watches[0][2].is_over or self._watches[0][0] <= time.monotonic()):
                due.append(heapq.heappop(self._watches)[2])
            return due


_watchman = _Watchman()


@contextlib.contextmanager
def cut_off_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Close the connection's socket when the block takes longer."""
    driver = connection.connection.driver_connection
    if driver is None:
        yield
        return
    watch = _Watch(driver.fileno())
    _watchman.add(watch, seconds)
    try:
        yield
    finally:
        watch.end()
