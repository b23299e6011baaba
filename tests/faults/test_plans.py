"""Seeded plans: faults drawn at random over traffic drawn at random; the seed is in the test's name."""

import random
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import seeds
from tests.faults.processes import until
from tests.faults.rig import Rig

pytestmark = pytest.mark.each_broker

STEPS = 8


@pytest.mark.parametrize("seed", seeds())
def test_a_random_plan_breaks_no_promise(rig: Rig, seed: int) -> None:
    chance = random.Random(seed)
    customers = rig.known_customers(5)
    said: dict[str, list[str]] = {customer: [] for customer in customers}

    for step in range(STEPS):
        rig.whatsapp.faults.latency_ms = chance.choice((0, 50, 300))
        fault = chance.choice(FAULTS)
        for customer in chance.sample(customers, 3):
            words = f"paso {step}"
            rig.send(customer, words)
            said[customer].append(words)
            rig.write(customer, f"Hola {step}")
        fault(rig, chance)
        rig.start()

    rig.recover(f"plan with seed {seed}")
    for customer, texts in said.items():
        # The order in which they left is the ledger's to check.
        became = rig.statuses(customer)
        assert len(became) == len(texts)
        assert set(became) <= {"delivered", "unknown"}


def kill_worker(rig: Rig, chance: random.Random) -> None:
    rig.worker.kill()


def kill_web(rig: Rig, chance: random.Random) -> None:
    rig.web.kill()


def stop_worker_for_a_while(rig: Rig, chance: random.Random) -> None:
    rig.worker.stop()
    pause(chance.uniform(0.2, 3))
    rig.worker.resume()


def restart_database(rig: Rig, chance: random.Random) -> None:
    chance.choice((rig.stop_postgres, rig.kill_postgres))()
    pause(chance.uniform(0, 2))


def break_database_connections(rig: Rig, chance: random.Random) -> None:
    chance.choice((rig.database.cut, rig.database.reset))()


def lose_commits(rig: Rig, chance: random.Random) -> None:
    rig.database.lose_answers(chance.randint(1, 4))
    pause(0.5)


def lose_broker(rig: Rig, chance: random.Random) -> None:
    chance.choice((rig.broker.end, rig.broker.proxy.refuse, rig.broker.proxy.reset))()


def stop_broker(rig: Rig, chance: random.Random) -> None:
    rig.broker.stop()
    pause(chance.uniform(0.1, 2))
    rig.broker.resume()


def lose_redis(rig: Rig, chance: random.Random) -> None:
    chance.choice((rig.redis.end, rig.redis.proxy.refuse, rig.redis.proxy.reset))()


def break_graph(rig: Rig, chance: random.Random) -> None:
    chance.choice((rig.graph.reset, rig.graph.cut, rig.graph.refuse))()
    pause(chance.uniform(0, 1))


def answer_wrongly(rig: Rig, chance: random.Random) -> None:
    rig.whatsapp.faults.next(
        chance.choice(("error", "bare", "cut", "garbage", "no_wamid")), chance.randint(1, 3)
    )
    pause(0.5)


def shuffle_webhooks(rig: Rig, chance: random.Random) -> None:
    rig.whatsapp.faults.shuffle_webhooks = rig.whatsapp.faults.duplicate_webhooks = True
    pause(0.5)


FAULTS: tuple[Callable[[Rig, random.Random], None], ...] = (
    kill_worker,
    kill_web,
    stop_worker_for_a_while,
    restart_database,
    break_database_connections,
    lose_commits,
    lose_broker,
    stop_broker,
    lose_redis,
    break_graph,
    answer_wrongly,
    shuffle_webhooks,
)


def pause(seconds: float) -> None:
    """Let the fault last: this is the fault itself, no wait for an effect."""
    over_at = time.monotonic() + seconds
    until(lambda: time.monotonic() > over_at, "the end of the fault")
