"""A pool works on each id once at a time, and again when it rang meanwhile."""

import threading
import time
from collections.abc import Iterator

import pytest

from kiaai.worker.pools import Pool

PATIENCE_SECONDS = 10


class Work:
    """Notes what it was called with, and waits to be let go."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.most_at_once = 0
        self._running: list[int] = []

    def __call__(self, id: int) -> None:
        self._running.append(id)
        self.most_at_once = max(self.most_at_once, self._running.count(id))
        self.calls.append(id)
        self.begun.release()
        assert self.go.acquire(timeout=PATIENCE_SECONDS)
        self._running.remove(id)
        if id == 13:
            raise ValueError("unlucky")


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def pool(work: Work) -> Iterator[Pool]:
    pool = Pool("test", 2, work)
    pool.start()
    yield pool
    pool.stop()
    for _ in range(50):
        work.go.release()
    assert pool.join(time.monotonic() + PATIENCE_SECONDS)


def test_an_id_that_rings_while_it_is_worked_on_is_worked_on_once_more(pool: Pool, work: Work) -> None:
    pool.add(7)
    assert work.begun.acquire(timeout=PATIENCE_SECONDS)

    for _ in range(3):
        pool.add(7)
    work.go.release()

    assert work.begun.acquire(timeout=PATIENCE_SECONDS)
    assert (work.calls, work.most_at_once) == ([7, 7], 1)


def test_an_id_in_line_is_not_added_twice(pool: Pool, work: Work) -> None:
    for id in (1, 2, 3, 3, 3):
        pool.add(id)
    for _ in range(3):
        assert work.begun.acquire(timeout=PATIENCE_SECONDS)
        work.go.release()

    assert sorted(work.calls) == [1, 2, 3]


def test_work_that_breaks_does_not_end_the_pool(pool: Pool, work: Work) -> None:
    for id in (13, 13, 14):
        pool.add(id)
        work.go.release()
        assert work.begun.acquire(timeout=PATIENCE_SECONDS)

    assert work.calls[-1] == 14


def test_a_stopped_pool_ends_what_it_does_and_begins_nothing(work: Work) -> None:
    pool = Pool("test", 1, work)
    pool.start()
    pool.add(1)
    assert work.begun.acquire(timeout=PATIENCE_SECONDS)
    pool.add(2)

    pool.stop()
    work.go.release()

    assert pool.join(time.monotonic() + PATIENCE_SECONDS)
    assert work.calls == [1]


def test_an_id_for_later_comes_when_its_time_has_come(pool: Pool, work: Work) -> None:
    pool.add(2, in_seconds=1)
    pool.add(1)
    for _ in range(2):
        assert work.begun.acquire(timeout=PATIENCE_SECONDS)
        work.go.release()

    assert work.calls == [1, 2]
