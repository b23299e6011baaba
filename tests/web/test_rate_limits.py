"""Counting: shared between processes while the store answers, by oneself while it is away."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute

from kiaai import create_app
from kiaai.config import Settings
from kiaai.embedded import valkey
from kiaai.extensions import limiter
from kiaai.web.rate_limits import Counters

LIMIT = RateLimitItemPerMinute(3, 15)


@pytest.fixture
def store(settings: Settings) -> Iterator[Path]:
    """Give the folder of a real store of limits, to which a new app is bound."""
    bound_before = limiter._storage, limiter._limiter
    path = Path(tempfile.mkdtemp(prefix="kiaai-limits-"))
    valkey.start(path)
    create_app(replace(settings, redis_url=valkey.limits_url(path)))
    yield path
    valkey.stop(path)
    shutil.rmtree(path)
    limiter._storage, limiter._limiter = bound_before


@pytest.mark.usefixtures("store")
def test_two_processes_count_together() -> None:
    one, other = Counters(), Counters()

    waits = [counters.hit(LIMIT, "x") for counters in (one, other, one, other)]

    assert waits[:3] == [None, None, None]
    assert waits[3] is not None and 1 <= waits[3] <= 901


@pytest.mark.usefixtures("store")
def test_many_at_once_get_no_more_than_the_limit() -> None:
    counters, start, passed = Counters(), threading.Barrier(12), []

    def hit() -> None:
        start.wait()
        if counters.hit(LIMIT, "many") is None:
            passed.append(1)

    threads = [threading.Thread(target=hit) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == 3


@pytest.mark.usefixtures("store")
def test_clearing_forgets_one_key_only() -> None:
    counters = Counters()
    for key in ("a", "b"):
        for _ in range(4):
            counters.hit(LIMIT, key)

    counters.clear(LIMIT, "a")

    assert counters.hit(LIMIT, "a") is None
    assert counters.hit(LIMIT, "b") is not None


def test_a_store_that_goes_away_is_replaced_by_ones_own_count(store: Path) -> None:
    counters = Counters()
    assert counters.hit(LIMIT, "x") is None

    valkey.stop(store)

    assert [counters.hit(LIMIT, "x") is None for _ in range(4)] == [True, True, True, False]
    counters.clear(LIMIT, "x")
    assert counters.hit(LIMIT, "x") is None
