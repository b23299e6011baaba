"""PostgreSQL restarted, gone, cut off and losing answers, with work under way in both directions."""

import time
from uuid import uuid4

from tests.faults.processes import until
from tests.faults.rig import Rig, body_of, text_item

# As good as a minute: longer than any pool, connection attempt or retry waits.
GONE_SECONDS = 16
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
    # Not even for a while: an answer of WhatsApp waits for the database.
    assert not rig.value(_EVER_UNKNOWN, customers=customers)


def test_a_restart_of_the_database_loses_nothing_and_leaves_nothing_unknown(rig: Rig) -> None:
    customers = start_traffic(rig)

    rig.stop_postgres()
    rig.run_postgres()

    rig.recover("PostgreSQL restarted", LESS_THAN_A_LEASE)
    assert_all_arrived(rig, customers)


def test_a_database_that_is_killed_loses_nothing(rig: Rig) -> None:
    customers = start_traffic(rig)

    rig.kill_postgres()
    rig.run_postgres()

    rig.recover("PostgreSQL killed", LESS_THAN_A_LEASE)
    assert_all_arrived(rig, customers)


def test_while_the_database_is_gone_meta_is_told_503_in_time(rig: Rig) -> None:
    customers = start_traffic(rig)
    rig.stop_postgres()
    rig.database.refuse()
    wamid, gone_at = f"wamid.{uuid4()}", time.monotonic()
    body = body_of(text_item(customers[0], wamid), number=rig.number)

    while time.monotonic() - gone_at < GONE_SECONDS:
        asked_at = time.monotonic()
        assert rig.post(body) == 503
        assert time.monotonic() - asked_at < 3
    assert rig.readiness()["error"]["code"] == "unavailable"

    rig.run_postgres()
    rig.database.accept()
    until(lambda: rig.post(body) == 200, "the webhook to be taken")
    rig.recover(f"PostgreSQL gone for {GONE_SECONDS} s")
    assert_all_arrived(rig, customers)


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


def test_a_slow_database_delays_and_harms_nothing(rig: Rig) -> None:
    customers = start_traffic(rig, delay_seconds=0.02)

    rig.recover("PostgreSQL 40 ms away")

    assert_all_arrived(rig, customers)


def test_a_black_hole_before_the_database_ends_with_it(rig: Rig) -> None:
    customers = start_traffic(rig)

    rig.database.swallow()
    sleep_until = time.monotonic() + 5
    until(lambda: time.monotonic() > sleep_until, "five seconds in the hole")
    rig.database.heal()

    rig.recover("PostgreSQL behind a black hole for 5 s")
    assert_all_arrived(rig, customers)
