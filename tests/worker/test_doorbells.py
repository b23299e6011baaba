"""Ringing never fails and never delays, whatever the broker does."""

import time

from flask import Flask

from kiaai.worker import doorbells


def test_ringing_with_a_dead_broker_neither_fails_nor_waits(app: Flask) -> None:
    started = time.monotonic()

    for id in range(2000):
        doorbells.ring_delivery(id)

    # A tenth of a second is what two thousand set entries may take on a busy machine, and no network wait.
    assert time.monotonic() - started < 1


def test_no_more_bells_wait_than_there_is_room_for(app: Flask) -> None:
    publisher = doorbells._Publisher()

    for id in range(doorbells.MOST_WAITING + 500):
        publisher.add(doorbells.Bell("delivery", id))

    assert len(publisher._waiting) <= doorbells.MOST_WAITING
