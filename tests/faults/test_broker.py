"""The broker gone, purged, stopped and restarted: it only carries doorbells, so only time is lost."""

import time
from uuid import uuid4

import pytest

from tests.faults.processes import answers, until
from tests.faults.rig import Rig, body_of, text_item

pytestmark = pytest.mark.each_broker

# A publish to a dead broker was seen to take six seconds; nobody may wait for that.
QUICK_SECONDS = 1.5
# Less than the sweep takes on the average.
BELL_SECONDS = 0.8


def talk(rig: Rig, customer: str, words: str) -> float:
    """Let the customer write and a person answer; return how long the two requests took."""
    body = body_of(text_item(customer, f"wamid.{uuid4()}", words), number=rig.number)
    started = time.monotonic()
    assert rig.post(body) == 200
    rig.send(customer, f"Respuesta a {words}")
    return time.monotonic() - started


def wait_for_bells(rig: Rig, customer: str) -> None:
    """Wait until a message leaves sooner than the sweep would find it."""

    def leaves_at_once() -> bool:
        asked_at = time.monotonic()
        rig.send(customer, "¿Suena?")
        rig.wait_until_settled()
        return time.monotonic() - asked_at < BELL_SECONDS

    until(leaves_at_once, "a bell instead of a sweep")


def test_a_broker_that_is_gone_costs_at_most_a_sweep(rig: Rig) -> None:
    customers = rig.known_customers(3)
    rig.broker.end()
    rig.broker.proxy.refuse()

    assert max(talk(rig, customer, "sin timbre") for customer in customers) < QUICK_SECONDS
    rig.recover("broker gone, Redis lives")

    assert rig.readiness()["broker"] == "down"
    assert answers(f"{rig.url}/login")


def test_a_broker_that_is_stopped_delays_nobody_and_no_end(rig: Rig) -> None:
    customers = rig.known_customers(3)
    rig.broker.stop()
    try:
        assert max(talk(rig, customer, "sin eco") for customer in customers) < QUICK_SECONDS
        rig.recover("broker stopped (SIGSTOP)")
        asked_at = time.monotonic()
        rig.worker.ask_to_end()
        assert rig.worker.wait(30) == 0
        rig.note("SIGTERM with a stopped broker (until the end)", asked_at)
        rig.web.ask_to_end()
        assert rig.web.wait(15) == 0
    finally:
        rig.broker.resume()


def test_a_broker_that_forgets_everything_is_not_missed(rig: Rig) -> None:
    customers = rig.known_customers(3)
    for customer in customers:
        talk(rig, customer, "olvidado")
        rig.broker.forget()

    rig.recover("broker purged")


@pytest.mark.needs_broker
def test_a_broker_that_restarts_carries_bells_again(rig: Rig) -> None:
    (customer,) = rig.known_customers(1)
    rig.broker.end()
    talk(rig, customer, "mientras tanto")
    restarted_at = time.monotonic()
    rig.broker.start()
    rig.recover("broker restarted")

    wait_for_bells(rig, customer)

    rig.note("broker restarted (until bells ring again)", restarted_at)
