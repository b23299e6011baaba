"""PostgreSQL restarted, gone, cut off and losing answers, with work under way in both directions."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import pytest

from tests.faults.processes import until
from tests.faults.rig import Rig, body_of, text_item

# Longer than any lease, pool, connection attempt or retry waits.
GONE_SECONDS = 60
READY_AGAIN_SECONDS = 15
# Whoever drops an answer finds its message again only when the lease of 25 s ends.
LESS_THAN_A_LEASE = 20

_EVER_UNKNOWN = """
    SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id
    JOIN leads l ON l.id = c.lead_id WHERE m.unknown_at IS NOT NULL AND l.phone_number = ANY (:customers)
"""


def start_traffic(rig: Rig, delay_seconds: float = 0) -> list[str]:
    """Let customers write and get answers, slowly enough that a fault meets calls under way."""
    customers = rig.known_customers(6)
    rig.database.delay_seconds = delay_seconds
    rig.whatsapp.faults.latency_ms = 400
    rig.send_many(customers, ["uno", "dos", "tres"])
    for customer in customers[:3]:
        rig.write(customer, "¿Sigues ahí?")
    return customers


def assert_all_arrived(rig: Rig, customers: list[str]) -> None:
    for customer in customers:
        assert rig.received(customer)[1:] == ["uno", "dos", "tres"]
        assert rig.statuses(customer) == ["delivered"] * 3


def assert_never_unknown(rig: Rig, customers: list[str]) -> None:
    """Not even for a while: an answer of WhatsApp waits for the database."""
    assert not rig.value(_EVER_UNKNOWN, customers=customers)


def times_waited(rig: Rig) -> int:
    return rig.worker.log().count("a claim or an outcome waits to be saved")


def test_a_restart_of_the_database_loses_nothing_and_leaves_nothing_unknown(rig: Rig) -> None:
    customers = start_traffic(rig)

    rig.stop_postgres()
    rig.run_postgres()

    rig.recover("PostgreSQL restarted", LESS_THAN_A_LEASE)
    assert_all_arrived(rig, customers)
    assert_never_unknown(rig, customers)


def test_a_database_that_is_killed_loses_nothing(rig: Rig) -> None:
    customers = start_traffic(rig)

    rig.kill_postgres()
    rig.run_postgres()

    rig.recover("PostgreSQL killed", LESS_THAN_A_LEASE)
    assert_all_arrived(rig, customers)
    assert_never_unknown(rig, customers)


def test_an_answer_that_meets_no_database_is_saved_once_it_is_back(rig: Rig) -> None:
    customers = rig.known_customers(6)
    # Else the statuses would tell what became of the messages, whatever became of the answers.
    rig.whatsapp.faults.drop_statuses = True
    rig.untold.update(customers)
    rig.whatsapp.faults.latency_ms = 2000
    accepted, waited = len(rig.whatsapp.sent), times_waited(rig)
    rig.send_many(customers, ["uno"])
    until(lambda: [rig.statuses(one) for one in customers] == [["sending"]] * 6, "calls under way")

    rig.stop_postgres()
    until(lambda: len(rig.whatsapp.sent) == accepted + 6, "messages to be accepted")
    until(lambda: times_waited(rig) >= waited + 6, "answers to wait for the database")
    rig.run_postgres()

    rig.recover("PostgreSQL gone while WhatsApp answers, no statuses", LESS_THAN_A_LEASE)
    assert [rig.statuses(customer) for customer in customers] == [["sent"]] * 6
    assert_never_unknown(rig, customers)


def test_while_the_database_is_gone_for_a_minute_meta_is_told_503_in_time(rig: Rig) -> None:
    customers = start_traffic(rig)
    rig.stop_postgres()
    rig.database.refuse()
    wamid, gone_at = f"wamid.{uuid4()}", time.monotonic()
    body = body_of(text_item(customers[0], wamid), number=rig.number)

    while time.monotonic() - gone_at < GONE_SECONDS:
        asked_at = time.monotonic()
        assert rig.post(body) == 503
        assert time.monotonic() - asked_at < 3
        time.sleep(0.1)
    assert rig.readiness()["error"]["code"] == "unavailable"
    assert rig.is_web_up()

    rig.run_postgres()
    rig.database.accept()
    until(lambda: rig.post(body) == 200, "the webhook to be taken")
    rig.recover(f"PostgreSQL gone for {GONE_SECONDS} s")
    # All leases ran out meanwhile: for a moment a message may have counted as unknown.
    assert_all_arrived(rig, customers)


def stop_and_run(rig: Rig) -> None:
    rig.stop_postgres()
    until(lambda: not rig.is_ready(), "/readyz to notice")
    rig.run_postgres()


def kill_and_run(rig: Rig) -> None:
    rig.kill_postgres()
    rig.run_postgres()


def refuse_for_a_while(rig: Rig) -> None:
    rig.database.refuse()
    until(lambda: not rig.is_ready(), "/readyz to notice")
    rig.database.accept()


def swallow_for_a_while(rig: Rig) -> None:
    rig.database.swallow()
    until(lambda: not rig.is_ready(), "/readyz to notice")
    rig.database.heal()


def freeze_for_a_while(rig: Rig) -> None:
    with rig.frozen_postgres():
        until(lambda: not rig.is_ready(), "/readyz to notice")


WAYS = (stop_and_run, kill_and_run, refuse_for_a_while, swallow_for_a_while, freeze_for_a_while)


@pytest.mark.parametrize("break_it", WAYS)
def test_readiness_is_back_soon_after_the_database(rig: Rig, break_it: Callable[[Rig], None]) -> None:
    with asked_all_the_time(rig):
        break_it(rig)
        back_at = time.monotonic()

        until(rig.is_ready, "/readyz to say 200", READY_AGAIN_SECONDS)

        rig.note("PostgreSQL back (until /readyz says 200)", back_at)
        # And it stays so, whatever connections are still left from before: each of those would fail. One
        # answer that takes more than its second is the machine's.
        assert [rig.is_ready() for _ in range(20)].count(False) <= 1, rig.web.log()[-2000:]


@contextmanager
def asked_all_the_time(rig: Rig) -> Iterator[None]:
    """Let several monitors ask /readyz without a pause."""
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            rig.is_ready()

    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(ask)
        try:
            yield
        finally:
            is_over.set()


def test_a_commit_whose_answer_is_lost_counts_once(rig: Rig) -> None:
    customers = rig.known_customers(4)
    for lost in range(1, 7):
        rig.database.lose_answers(lost)
        for customer in customers:
            rig.write(customer, f"Hola {lost}")
            rig.send(customer, f"mensaje {lost}")
        until(lambda: not rig.database.answers_to_lose, "answers to be lost")

    rig.recover("commits answered by a reset")
    for customer in customers:
        said = [words for words in rig.received(customer) if words.startswith("mensaje")]
        assert said == [f"mensaje {lost}" for lost in range(1, 7)]


def test_connections_that_break_under_load_cost_nothing(rig: Rig) -> None:
    customers = start_traffic(rig)

    for break_all in (rig.database.cut, rig.database.reset) * 3:
        seen = len(rig.whatsapp.sent)
        break_all()
        until(lambda seen=seen: len(rig.whatsapp.sent) > seen or not rig.unsettled(), "more work")  # type: ignore[misc]

    rig.recover("connections to PostgreSQL cut and reset under load")
    assert_all_arrived(rig, customers)
    assert_never_unknown(rig, customers)


def test_a_slow_database_delays_and_harms_nothing(rig: Rig) -> None:
    customers = start_traffic(rig, delay_seconds=0.02)

    rig.recover("PostgreSQL 40 ms away")

    assert_all_arrived(rig, customers)
    assert_never_unknown(rig, customers)


def test_a_black_hole_before_the_database_ends_with_it(rig: Rig) -> None:
    customers = start_traffic(rig)

    rig.database.swallow()
    sleep_until = time.monotonic() + 5
    until(lambda: time.monotonic() > sleep_until, "five seconds in the hole")
    rig.database.heal()

    rig.recover("PostgreSQL behind a black hole for 5 s")
    assert_all_arrived(rig, customers)
    assert_never_unknown(rig, customers)
