"""Webhooks twice, out of order, at once, in bulk and with poison."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from tests.faults.conftest import seeds
from tests.faults.processes import until
from tests.faults.rig import Rig, body_of, text_item

# A busy team of ten has about ten messages a second; a mailing or a Monday brings ten times that.
ORDINARY_PER_SECOND = 10
BURST_PER_SECOND = 10 * ORDINARY_PER_SECOND
BURST_SECONDS = 60
STATUSES = ("sent", "delivered", "read")


def post_at_once(rig: Rig, bodies: list[bytes], threads: int = 16) -> None:
    """Post all bodies, each until it is answered with 200."""

    def post(body: bytes) -> None:
        until(lambda: rig.post(body) == 200, "a 200")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(post, bodies))


def test_duplicates_in_any_order_and_in_parallel_count_once(rig: Rig) -> None:
    chance = random.Random(seeds()[0])
    customers = rig.customers(5)
    items = [text_item(customer, f"wamid.{uuid4()}", f"{n}") for customer in customers for n in range(6)]
    bodies = []
    for _ in range(80):
        batch = chance.sample(items, chance.randint(1, 8))
        bodies.append(body_of(*batch, number=rig.number))
    bodies += [body_of(item, number=rig.number) for item in items]

    post_at_once(rig, bodies)

    rig.recover("duplicate and shuffled webhooks")
    assert rig.value(_INCOMING, customers=customers) == len(items)


def test_statuses_in_any_order_give_the_same_result(rig: Rig) -> None:
    customers = rig.known_customers(6)
    rig.whatsapp.faults.drop_statuses = True
    rig.untold.update(customers)
    rig.send_many(customers, ["uno", "dos"])
    rig.wait_until_settled()
    sent = [sent for sent in rig.whatsapp.sent if sent["to"] in customers and sent["text"] in ("uno", "dos")]
    items = [_status(message, status) for message in sent for status in STATUSES for _ in range(2)]
    random.Random(seeds()[0]).shuffle(items)

    post_at_once(rig, [body_of(item, number=rig.number, key="statuses") for item in items])

    assert all(rig.statuses(customer) == ["read"] * 2 for customer in customers)


def test_two_first_messages_of_one_new_customer_at_once_make_one_lead(rig: Rig) -> None:
    customers = rig.customers(10)
    bodies = [
        body_of(text_item(customer, f"wamid.{uuid4()}"), number=rig.number)
        for customer in customers
        for _ in range(4)
    ]

    post_at_once(rig, bodies)

    rig.recover("first messages of new customers at once")
    leads = "SELECT count(*) FROM leads WHERE phone_number = ANY (:customers)"
    assert rig.value(leads, customers=customers) == len(customers)


def test_ingest_and_outcome_on_one_conversation_at_once_harm_nobody(rig: Rig) -> None:
    customers = rig.known_customers(3)
    bodies = [
        body_of(*(text_item(c, f"wamid.{uuid4()}") for c in random.sample(customers, 3)), number=rig.number)
        for _ in range(60)
    ]
    rig.whatsapp.faults.shuffle_webhooks = rig.whatsapp.faults.duplicate_webhooks = True

    with ThreadPoolExecutor(2) as pool:
        sending = pool.submit(rig.send_many, customers, [f"mensaje {n}" for n in range(10)])
        post_at_once(rig, bodies, 8)
        sending.result()

    rig.recover("ingest and outcomes at once")
    deadlocks = rig.value("SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'")
    assert "DeadlockDetected" not in rig.web.log() + rig.worker.log(), deadlocks


def test_a_batch_of_a_thousand_with_poison_in_it_leaves_only_the_poison_out(rig: Rig) -> None:
    # What the database itself refuses is the worst: it spoils the transaction for all.
    rig.value("ALTER TABLE messages ADD CONSTRAINT poison CHECK (text <> 'veneno')")
    customers = rig.customers(50)
    items: list[Any] = [text_item(customers[n % 50], f"wamid.{uuid4()}", f"{n}") for n in range(1000)]
    poison = text_item(customers[0], f"wamid.{uuid4()}", "veneno")
    items[500:500] = [poison, {"type": "text"}, "nonsense"]
    try:
        asked_at = time.monotonic()
        assert rig.post(body_of(*items, number=rig.number)) == 200
        rig.note("1,000 messages and poison in one body (until the 200)", asked_at)
        # What a busy machine does not get through in the time that Meta waits, the worker does by itself.
        rig.wait_until_settled()
        assert rig.value(_INCOMING, customers=customers) == 1000
        assert rig.readiness()["failed_webhooks"] == 1
        assert rig.flask("webhook", "failed", check=False).count("failed") == 1
    finally:
        rig.value("ALTER TABLE messages DROP CONSTRAINT poison")
    rig.flask("webhook", "replay", "--failed", check=False)
    assert rig.value(_INCOMING, customers=customers) == 1001
    rig.expected_failures = 1


def test_ten_times_the_ordinary_rate_for_a_minute_is_taken_whole(rig: Rig) -> None:
    customers = rig.known_customers(100)
    bodies = [
        body_of(text_item(customers[n % 100], f"wamid.{uuid4()}", f"{n}"), number=rig.number)
        for n in range(BURST_PER_SECOND * BURST_SECONDS)
    ]

    slowest, refused, took = post_at_rate(rig, bodies, BURST_PER_SECOND)

    what = f"burst of {len(bodies):,} webhooks at {BURST_PER_SECOND}/s"
    rig.recover(what)
    rig.recoveries[f"{what} (until all had their 200, {refused} times 503)"] = took
    rig.recoveries[f"{what} (slowest answer)"] = slowest
    counts = rig.rows(_UNREAD, customers=customers)
    each = 1 + len(bodies) // len(customers)
    assert [(row.unread_count, row.incoming) for row in counts] == [(each, each)] * len(customers)


def post_at_rate(rig: Rig, bodies: list[bytes], per_second: float) -> tuple[float, int, float]:
    """Post each body at its moment, as Meta does: nobody waits for the answer to the one before.

    What is refused with 503 comes again a second later. Return the slowest answer in seconds, the number of
    refusals, and the seconds until the last 200.
    """
    began_at = time.monotonic()

    def post(number: int) -> tuple[float, int]:
        time.sleep(max(0.0, began_at + number / per_second - time.monotonic()))
        slowest, refused = 0.0, 0
        while True:
            asked_at = time.monotonic()
            status = rig.post(bodies[number])
            slowest = max(slowest, time.monotonic() - asked_at)
            if status == 200:
                return slowest, refused
            assert status == 503
            refused += 1
            time.sleep(1)

    with ThreadPoolExecutor(64) as pool:
        met = list(pool.map(post, range(len(bodies))))
    return max(slow for slow, _ in met), sum(n for _, n in met), time.monotonic() - began_at


_INCOMING = """
    SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id
    JOIN leads l ON l.id = c.lead_id WHERE m.direction = 'incoming' AND l.phone_number = ANY (:customers)
"""

_UNREAD = """
    SELECT c.unread_count,
        (SELECT count(*) FROM messages WHERE conversation_id = c.id AND direction = 'incoming') AS incoming
    FROM conversations c JOIN leads l ON l.id = c.lead_id WHERE l.phone_number = ANY (:customers)
"""


def _status(message: dict[str, Any], status: str) -> dict[str, Any]:
    return {
        "id": message["wamid"],
        "status": status,
        "timestamp": str(int(time.time()) + STATUSES.index(status)),
        "recipient_id": message["to"],
        "biz_opaque_callback_data": message["send_key"],
    }
