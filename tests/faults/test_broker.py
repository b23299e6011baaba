"""The broker gone, purged, stopped and restarted: it only carries doorbells, so only time is lost."""

import time

import redis
import requests

from tests.faults.processes import resume_process, stop_process, until
from tests.faults.rig import LIMITS, Rig

# A publish to a dead broker was seen to take six seconds; nobody may wait for that.
QUICK_SECONDS = 1.5


def talk(rig: Rig, customer: str, words: str) -> float:
    """Let the customer write and a person answer; return how long the slowest request took."""
    started = time.monotonic()
    rig.write(customer, words)
    rig.send(customer, f"Respuesta a {words}")
    return time.monotonic() - started


def test_a_broker_that_is_gone_costs_at_most_a_sweep(rig: Rig) -> None:
    customers = rig.known_customers(3)
    rig.stop_valkey()
    rig.broker.refuse()

    assert max(talk(rig, customer, "sin timbre") for customer in customers) < QUICK_SECONDS
    rig.recover("broker gone")

    assert rig.readiness()["broker"] == "down"
    assert requests.get(f"http://127.0.0.1:{rig.port}/login", timeout=LIMITS).status_code == 200


def test_a_broker_that_is_stopped_delays_nobody_and_no_end(rig: Rig) -> None:
    customers = rig.known_customers(3)
    stop_process(rig.valkey_pid())
    try:
        assert max(talk(rig, customer, "sin eco") for customer in customers) < QUICK_SECONDS
        rig.recover("broker stopped (SIGSTOP)")
        asked_at = time.monotonic()
        rig.worker.ask_to_end()
        assert rig.worker.wait(30) == 0
        rig.recoveries["SIGTERM with a stopped broker (until the end)"] = time.monotonic() - asked_at
        rig.web.ask_to_end()
        assert rig.web.wait(15) == 0
    finally:
        resume_process(rig.valkey_pid())


def test_a_broker_that_forgets_everything_is_not_missed(rig: Rig) -> None:
    customers = rig.known_customers(3)
    broker = redis.Redis(port=rig.broker.port)
    for customer in customers:
        talk(rig, customer, "olvidado")
        broker.flushall()

    rig.recover("broker purged")

    broker.close()


def test_a_broker_that_restarts_carries_bells_again(rig: Rig) -> None:
    (customer,) = rig.known_customers(1)
    rig.stop_valkey()
    rig.run_valkey()
    rig.recover("broker restarted")

    def answers_quickly() -> bool:
        asked_at = time.monotonic()
        rig.send(customer, "¿Suena?")
        rig.wait_until_settled()
        return time.monotonic() - asked_at < 0.8

    until(answers_quickly, "a bell instead of a sweep")
