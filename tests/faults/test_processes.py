"""Web and worker killed, stopped and asked to end, at the worst moments."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from flask import Flask, request, request_started

from tests.faults.processes import until
from tests.faults.rig import Rig, body_of, text_item

pytestmark = pytest.mark.each_broker

_EVERYTHING = """
    SELECT c.*, m.* FROM conversations c JOIN leads l ON l.id = c.lead_id
    JOIN messages m ON m.conversation_id = c.id WHERE l.phone_number = :customer ORDER BY m.id
"""


def test_what_web_answered_with_200_outlives_kill_9(rig: Rig) -> None:
    customers = rig.customers(4)
    stop = threading.Event()

    def knock(sender: str) -> None:
        while not stop.is_set():
            wamid = f"wamid.{uuid4()}"
            # As Meta does: again until there is a 200, in other words the same.
            while rig.post(body_of(text_item(sender, wamid), number=rig.number)) != 200:
                if stop.is_set():
                    return
                time.sleep(0.05)

    threads = [threading.Thread(target=knock, args=(customer,)) for customer in customers]
    for thread in threads:
        thread.start()
    for _ in range(3):
        taken = len(rig.answered)
        until(lambda taken=taken: len(rig.answered) > taken + 20, "webhooks to be taken")  # type: ignore[misc]
        rig.web.kill()
        rig.web.start()
        until(rig.is_web_up, "the web")
    stop.set()
    for thread in threads:
        thread.join()


def test_a_worker_killed_between_post_and_commit_repeats_nothing(rig: Rig) -> None:
    customers, words = rig.known_customers(6), ["uno", "dos", "tres"]
    rig.whatsapp.faults.latency_ms = 1500
    accepted = len(rig.whatsapp.sent)
    rig.send_many(customers, words)
    until(lambda: len(rig.whatsapp.sent) >= accepted + 3, "messages to be accepted")

    rig.worker.kill()
    rig.whatsapp.faults.clear()
    rig.worker.start()

    rig.recover("kill -9 of the worker in the middle of calls")
    for customer in customers:
        became = dict(zip(words, rig.statuses(customer), strict=True))
        assert rig.received(customer)[1:] == [one for one in words if became[one] == "delivered"]
        # Only the one that was claimed and not yet written when the worker died.
        assert list(became.values()).count("unknown") <= 1


def test_a_worker_that_wakes_after_its_lease_only_adds_the_wamid_of_its_own_call(rig: Rig) -> None:
    unheard, heard = rig.known_customers(2)
    rig.whatsapp.faults.drop_statuses = True
    rig.untold.update((unheard, heard))
    rig.whatsapp.faults.next("silent", seconds=60, accepted=False)
    rig.send_many([unheard], ["uno", "dos"])
    until(lambda: not rig.whatsapp.faults.planned_count, "the call that nobody answers")
    rig.whatsapp.faults.latency_ms = 1000
    with _written_to(heard) as was_written:
        rig.send_many([heard], ["uno", "dos"])
        assert was_written.wait(30), "the call that is answered"
    rig.worker.stop()
    other = rig.another_worker("second")
    other.start()
    stopped_at = time.monotonic()
    until(lambda: rig.statuses(heard) == rig.statuses(unheard) == ["unknown", "sent"], "the other worker")
    rig.note("SIGSTOP of a worker in the middle of calls", stopped_at)
    before = rig.rows(_EVERYTHING, customer=unheard)

    rig.worker.resume()

    until(lambda: rig.statuses(heard) == ["sent", "sent"], "the wamid of the answered call")
    until(lambda: "Send unknown" in rig.worker.log(), "the worker to give up the other call")
    rig.worker.ask_to_end()
    assert rig.worker.wait(30) == 0
    assert rig.rows(_EVERYTHING, customer=unheard) == before
    assert (rig.received(heard)[1:], rig.received(unheard)[1:]) == (["uno", "dos"], ["dos"])


@contextmanager
def _written_to(customer: str) -> Iterator[threading.Event]:
    """Give an event that is set as soon as a call about the customer has reached the Graph."""
    was_written = threading.Event()

    def hear(_graph: Flask, **_others: object) -> None:
        if customer.encode() in request.get_data():
            was_written.set()

    with request_started.connected_to(hear):
        yield was_written


def test_sigterm_under_load_ends_in_time_with_nothing_unknown(rig: Rig) -> None:
    customers = rig.known_customers(8)
    rig.whatsapp.faults.latency_ms = 300
    rig.send_many(customers, ["uno", "dos", "tres", "cuatro"])
    asked_at = time.monotonic()

    rig.worker.ask_to_end()
    assert rig.worker.wait(30) == 0

    rig.note("SIGTERM under load (until the end of the process)", asked_at)
    left = [status for customer in customers for status in rig.statuses(customer)]
    assert not {"sending", "unknown"} & set(left)
    assert "queued" in left
    rig.start()
    rig.recover("SIGTERM under load")
    assert rig.received(customers[0])[1:] == ["uno", "dos", "tres", "cuatro"]


def test_two_workers_and_two_sweeps_share_the_work(rig: Rig) -> None:
    other = rig.another_worker("second")
    other.start()
    rig.broker.proxy.refuse()
    customers = rig.known_customers(10)
    # The one that sweeps is stopped while it holds the lock of the sweeps.
    rig.break_at("sweep_choosing:sleep=20")
    until(lambda: "sweep_choosing" in rig.worker.log() + other.log(), "a sweep to stop in the middle")
    rig.break_at("")

    rig.send_many(customers, ["uno", "dos"])

    rig.recover("a sweep that stops while it chooses")
    for customer in customers:
        assert rig.received(customer)[1:] == ["uno", "dos"]
    other.end()
