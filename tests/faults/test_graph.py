"""Graph on its bad days: every answer has its one meaning, and nothing leaves twice."""

import time
from typing import Any

from tests.faults.processes import until
from tests.faults.rig import Rig

# A planned answer, and what becomes of the message and of the one behind it.
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "500": ({"answer": "error", "status": 500}, "delivered"),
    "503": ({"answer": "error", "status": 503}, "delivered"),
    "429": ({"answer": "error", "status": 429}, "delivered"),
    "too fast (130429)": ({"answer": "error", "code": 130429}, "delivered"),
    "pair limit (131056)": ({"answer": "error", "code": 131056}, "delivered"),
    "template paused (132015)": ({"answer": "error", "code": 132015}, "failed"),
    "bare 502": ({"answer": "bare"}, "unknown"),
    "HTML 503": ({"answer": "html", "status": 503}, "unknown"),
    "reset after acceptance": ({"answer": "cut"}, "delivered"),
    "silent after acceptance": ({"answer": "silent", "seconds": 60}, "delivered"),
    "silent, not accepted": ({"answer": "silent", "seconds": 60, "accepted": False}, "unknown"),
    "garbage after acceptance": ({"answer": "garbage"}, "delivered"),
    "no wamid after acceptance": ({"answer": "no_wamid"}, "delivered"),
    "failed later (131026)": ({"answer": "fail_later"}, "failed"),
}
TRIED_AGAIN = ("500", "503", "429", "too fast (130429)", "pair limit (131056)")


def test_each_wrong_answer_has_its_one_meaning(rig: Rig) -> None:
    customers = dict(zip(ANSWERS, rig.known_customers(len(ANSWERS)), strict=True))

    for name, (fault, _) in ANSWERS.items():
        rig.whatsapp.faults.next(**fault)
        rig.send(customers[name], "uno")
        until(rig.has_no_plan, f"the call that meets {name}")
        if name in TRIED_AGAIN:
            # Else its next try would meet the next answer.
            wait_for_delivery(rig, customers[name], f"another try after {name}")
    for customer in customers.values():
        rig.send(customer, "dos")

    rig.recover("each wrong answer of Graph")
    met = {name: rig.statuses(customer) for name, customer in customers.items()}
    assert met == {name: [status, "delivered"] for name, (_, status) in ANSWERS.items()}


def test_refused_and_vanished_connections_are_tried_again(rig: Rig) -> None:
    customers = rig.known_customers(2)
    rig.graph.refuse()
    rig.send_many(customers, ["uno", "dos"])
    until(
        lambda: rig.value("SELECT min(attempt) FROM messages WHERE status = 'queued' AND text = 'uno'"),
        "a try for each",
    )

    rig.graph.accept()

    rig.recover("Graph refused connections")
    for customer in customers:
        assert rig.received(customer)[1:] == ["uno", "dos"]


def test_a_graph_that_is_down_for_a_while_is_probed_and_then_served_in_order(rig: Rig) -> None:
    customers = rig.known_customers(10)
    rig.whatsapp.faults.next("error", times=10_000, status=503)
    rig.send_many(customers, ["uno", "dos"])
    until(lambda: rig.value("SELECT max(fail_count) FROM channels") >= 6, "failures in a row", 90)

    rig.whatsapp.faults.clear()

    rig.recover("Graph down with 503")
    for customer in customers:
        assert rig.received(customer)[1:] == ["uno", "dos"]
        assert rig.statuses(customer) == ["delivered"] * 2


def test_a_black_hole_before_graph_leaves_unknown_and_sends_nothing_twice(rig: Rig) -> None:
    customers = rig.known_customers(3)
    rig.whatsapp.faults.latency_ms = 500
    rig.send_many(customers, ["uno", "dos"])
    rig.graph.swallow()
    until(
        lambda: "unknown" in [s for c in customers for s in rig.statuses(c)] or not rig.unsettled(), "silence"
    )

    rig.graph.heal()

    rig.recover("Graph behind a black hole")
    for customer in customers:
        assert rig.received(customer)[1:] in ([], ["uno"], ["dos"], ["uno", "dos"])
        assert set(rig.statuses(customer)) <= {"unknown", "delivered"}


def test_a_refused_token_pauses_the_channel_and_a_good_one_resumes_it(rig: Rig) -> None:
    customers = rig.known_customers(4)
    rig.whatsapp.faults.refuse_token = True
    rig.send_many(customers, ["uno", "dos"])
    until(lambda: rig.value("SELECT paused_code FROM channels") == 190, "the pause")
    assert {status for customer in customers for status in rig.statuses(customer)} <= {"queued", "sending"}

    rig.whatsapp.faults.refuse_token = False

    rig.recover("token refused (190)")
    assert rig.value("SELECT paused_at FROM channels") is None
    for customer in customers:
        assert rig.received(customer)[1:] == ["uno", "dos"]


def test_the_pair_limit_slows_one_person_down_and_nobody_else(rig: Rig) -> None:
    eager, other = rig.known_customers(2)
    words = [f"mensaje {number}" for number in range(46)]
    rig.send_many([eager], words)
    rig.send(other, "Hola")

    until(lambda: rig.statuses(other) == ["delivered"], "the other one", 20)
    rig.recover("47 messages to one person (pair limit)")

    assert rig.received(eager)[1:] == words


def test_statuses_that_come_before_the_answer_join(rig: Rig) -> None:
    customers = rig.known_customers(5)
    rig.whatsapp.faults.status_before_answer = True
    rig.send_many(customers, ["uno", "dos"])

    rig.recover("statuses before the answer")

    assert all(rig.statuses(customer) == ["delivered"] * 2 for customer in customers)


def test_the_pace_is_kept_by_two_workers_together(rig: Rig) -> None:
    customers = rig.known_customers(40)
    other = rig.another_worker("second")
    other.start()
    rig.worker.kill()
    other.kill()
    rig.send_many(customers, [f"mensaje {number}" for number in range(6)])
    rig.worker.start()
    other.start()
    began_at = time.time()

    rig.recover("240 messages queued, two workers")

    times = sorted(sent["at"] for sent in rig.whatsapp.sent if sent["at"] > began_at)
    assert len(times) == 240
    assert max(sum(at <= one < at + 1 for one in times) for at in times) <= 84


def wait_for_delivery(rig: Rig, customer: str, what: str) -> None:
    until(lambda: rig.statuses(customer) == ["delivered"], what)
