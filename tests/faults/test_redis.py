"""Redis gone and stopped, with and without the broker: it only counts for limits, and these go on."""

import re
import time

import pytest
import requests

from tests.faults.processes import LIMITS, answers
from tests.faults.rig import Rig
from tests.faults.test_broker import QUICK_SECONDS, talk, wait_for_bells

pytestmark = pytest.mark.each_broker

WRONG_TRIES = 10
TOKEN = re.compile(r'"X-CSRFToken": "([^"]+)"')


def try_to_sign_in(rig: Rig, email: str) -> int:
    """Give a wrong password on the page; return the status."""
    with requests.Session() as browser:
        token = TOKEN.search(browser.get(f"{rig.url}/login", timeout=LIMITS).text)
        assert token is not None
        answer = browser.post(
            f"{rig.url}/login",
            data={"email": email, "password": "adivinada", "csrf_token": token[1]},
            timeout=LIMITS,
        )
    return answer.status_code


def assert_guessing_ends(rig: Rig, email: str) -> None:
    met = [try_to_sign_in(rig, email) for _ in range(WRONG_TRIES + 1)]
    assert 429 not in met[:-1]
    assert met[-1] == 429


@pytest.mark.needs_broker
def test_a_redis_that_is_gone_costs_neither_bells_nor_limits(rig: Rig) -> None:
    customers = rig.known_customers(3)
    rig.redis.end()
    rig.redis.proxy.refuse()

    assert max(talk(rig, customer, "sin Redis") for customer in customers) < QUICK_SECONDS
    rig.recover("Redis gone, broker lives")

    assert rig.readiness()["broker"] == "up"
    wait_for_bells(rig, customers[0])
    assert_guessing_ends(rig, "ana@example.com")


@pytest.mark.needs_broker
def test_a_redis_that_is_stopped_delays_nobody(rig: Rig) -> None:
    customers = rig.known_customers(3)
    rig.redis.stop()
    try:
        assert max(talk(rig, customer, "sin eco de Redis") for customer in customers) < QUICK_SECONDS
        rig.recover("Redis stopped (SIGSTOP)")
        assert_guessing_ends(rig, "berta@example.com")
    finally:
        rig.redis.resume()


@pytest.mark.needs_broker
def test_limits_are_shared_again_once_redis_is_back(rig: Rig) -> None:
    rig.redis.end()
    assert answers(f"{rig.url}/login")
    try_to_sign_in(rig, "carla@example.com")
    rig.redis.start()
    rig.web.kill()
    rig.start()

    for _ in range(WRONG_TRIES):
        assert try_to_sign_in(rig, "carla@example.com") != 429
    rig.web.kill()
    rig.start()

    # The new process has counted nothing itself.
    assert try_to_sign_in(rig, "carla@example.com") == 429


def test_broker_and_redis_gone_together_cost_at_most_a_sweep(rig: Rig) -> None:
    customers = rig.known_customers(3)
    for server in (rig.broker, rig.redis):
        server.end()
        server.proxy.refuse()
    gone_at = time.monotonic()

    assert max(talk(rig, customer, "sin nada") for customer in customers) < QUICK_SECONDS
    rig.recover("broker and Redis gone")

    assert rig.readiness()["broker"] == "down"
    assert_guessing_ends(rig, "dora@example.com")
    assert time.monotonic() - gone_at < 60
