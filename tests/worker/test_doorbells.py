"""Ringing never fails and never delays, whatever the broker does."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from kombu.connection import Connection

from kiaai.embedded import valkey
from kiaai.extensions import celery
from kiaai.worker import doorbells


def test_ringing_with_a_dead_broker_neither_fails_nor_waits(app: Flask) -> None:
    started = time.monotonic()

    for id in range(2000):
        doorbells.ring_delivery(id)

    # A tenth of a second is what two thousand set entries may take on a busy machine, and no network wait.
    assert time.monotonic() - started < 5


def test_no_more_bells_wait_than_there_is_room_for(app: Flask) -> None:
    publisher = doorbells._Publisher()

    for id in range(doorbells.MOST_WAITING + 500):
        publisher.add(doorbells.Bell("delivery", id))

    assert len(publisher._waiting) <= doorbells.MOST_WAITING


@pytest.fixture
def broker(app: Flask) -> Iterator[Connection]:
    """Let the bells ring at a Valkey of this test's own."""
    with tempfile.TemporaryDirectory(prefix="kiaai-test-") as folder:
        valkey.start(Path(folder))
        former = celery.conf.broker_url
        celery.conf.broker_url = valkey.broker_url(Path(folder))
        with celery.connection_for_write() as connection:
            yield connection
        celery.conf.broker_url = former
        valkey.stop(Path(folder))


def test_a_bell_reaches_the_broker(broker: Connection) -> None:
    publisher = doorbells._Publisher()

    publisher.add(doorbells.Bell("bot", 7, in_seconds=2))

    with broker.SimpleQueue("doorbells") as queue:
        bell = queue.get(timeout=10)
        assert bell.payload[0] == ["bot", 7]
        assert bell.headers["expires"] and bell.headers["eta"]


def test_with_a_thousand_bells_unheard_no_more_are_hung_up(broker: Connection) -> None:
    with broker.SimpleQueue("doorbells") as queue:
        for number in range(doorbells.LONGEST_QUEUE + 1):
            queue.put(number)
    publisher = doorbells._Publisher()

    publisher._publish([doorbells.Bell("bot", 7)])

    assert doorbells._queue_length(broker) == doorbells.LONGEST_QUEUE + 1


def test_it_rings_again_after_the_broker_was_gone(app: Flask, broker: Connection) -> None:
    publisher = doorbells._Publisher()
    publisher._publish([doorbells.Bell("bot", 1)])
    folder = Path(celery.conf.broker_url.removeprefix("redis+socket://")).parent.parent
    valkey.stop(folder)
    with pytest.raises(doorbells._TROUBLE):
        publisher._publish([doorbells.Bell("bot", 2)])
    publisher._hang_up()
    valkey.start(folder)

    publisher._publish([doorbells.Bell("bot", 3)])

    assert doorbells._queue_length(broker) == 1
