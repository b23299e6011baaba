"""Bad days on request: the answers go wrong exactly as asked."""

from typing import Any

import pytest
import requests

from kiaai.sandbox.server import SandboxServer
from tests.sandbox import CAMILA
from tests.sandbox.conftest import Graph, Receiver, error_of


def ask(whatsapp: SandboxServer, **wanted: Any) -> requests.Response:
    return requests.post(f"{whatsapp.url}/sandbox/faults", json=wanted, timeout=10)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"status": 500}, (500, 131000)),
        ({"status": 503}, (503, 131016)),
        ({"status": 429}, (429, 130429)),
        ({"code": 131042}, (400, 131042)),
        ({"code": 0}, (401, 0)),
    ],
)
def test_a_planned_error_refuses_the_send(
    graph: Graph, whatsapp: SandboxServer, details: dict[str, int], expected: tuple[int, int]
) -> None:
    whatsapp.faults.next("error", **details)

    assert error_of(graph.send()) == expected
    assert whatsapp.sent == []
    assert graph.send().status_code == 200


def test_errors_come_as_often_as_asked(graph: Graph, whatsapp: SandboxServer) -> None:
    ask(whatsapp, next=[{"answer": "html", "status": 502, "times": 2}, {"answer": "bare", "status": 503}])

    answers = [graph.send() for _ in range(4)]

    assert [answer.status_code for answer in answers] == [502, 502, 503, 200]
    assert answers[0].headers["Content-Type"].startswith("text/html")
    assert answers[2].content == b""


def test_a_cut_connection_hides_an_accepted_message(
    graph: Graph, in_window: str, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    whatsapp.faults.next("cut")

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        graph.send(biz_opaque_callback_data="key-cut")

    assert [sent["send_key"] for sent in whatsapp.sent] == ["key-cut"]
    assert receiver.wait(lambda: bool(receiver.statuses))
    assert receiver.statuses[0]["biz_opaque_callback_data"] == "key-cut"


def test_a_cut_can_come_before_acceptance(graph: Graph, whatsapp: SandboxServer) -> None:
    whatsapp.faults.next("cut", accepted=False)

    with pytest.raises(requests.ConnectionError):
        graph.send()

    assert whatsapp.sent == []


def test_silence_after_acceptance_ends_in_a_timeout(graph: Graph, whatsapp: SandboxServer) -> None:
    whatsapp.faults.next("silent")

    with pytest.raises(requests.ReadTimeout):
        graph.send(timeout=1)

    assert len(whatsapp.sent) == 1


@pytest.mark.parametrize("answer", ["garbage", "no_wamid"])
def test_a_200_can_be_worthless(graph: Graph, whatsapp: SandboxServer, answer: str) -> None:
    whatsapp.faults.next(answer)

    response = graph.send()

    assert response.status_code == 200
    assert "wamid" not in response.text
    assert len(whatsapp.sent) == 1


def test_a_planned_failure_comes_by_webhook(
    graph: Graph, in_window: str, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    whatsapp.faults.next("fail_later", code=131049)

    assert graph.send().status_code == 200
    assert receiver.wait(lambda: bool(receiver.statuses))
    assert receiver.statuses[0]["errors"][0]["code"] == 131049


def test_a_refused_token_is_refused_everywhere_until_it_is_not(graph: Graph, whatsapp: SandboxServer) -> None:
    whatsapp.faults.refuse_token = True
    refused = [error_of(graph.send()), error_of(graph.get(graph.number_id))]

    whatsapp.faults.clear()

    assert refused == [(401, 190), (401, 190)]
    assert graph.get(graph.number_id).status_code == 200


def test_answers_can_be_slow(graph: Graph, whatsapp: SandboxServer) -> None:
    ask(whatsapp, latency_ms=120)

    assert graph.send().elapsed.total_seconds() >= 0.12


def test_webhooks_can_come_twice(whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.faults.duplicate_webhooks = True

    wamid = whatsapp.write(CAMILA, "Hola")

    assert receiver.wait(lambda: len(receiver.messages) == 2)
    assert [message["id"] for message in receiver.messages] == [wamid, wamid]


def test_webhooks_can_come_in_disorder(whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.faults.shuffle_webhooks = True

    for number in range(20):
        whatsapp.write(CAMILA, f"{number:02}")

    assert receiver.wait(lambda: len(receiver.messages) == 20)
    texts = [message["text"]["body"] for message in receiver.messages]
    assert texts != sorted(texts)


def test_statuses_can_be_dropped(
    graph: Graph, in_window: str, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    whatsapp.faults.drop_statuses = True

    graph.send()

    assert whatsapp.wait_for_webhooks()
    assert receiver.statuses == []


def test_a_status_can_come_before_the_sends_own_answer(
    graph: Graph, in_window: str, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    whatsapp.faults.status_before_answer = True

    graph.send()

    assert [status["status"] for status in receiver.statuses] == ["sent", "delivered"]


def test_the_answer_comes_before_its_statuses_on_good_days(
    graph: Graph, in_window: str, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    whatsapp.webhook_url = None
    graph.send()
    assert receiver.statuses == []

    whatsapp.webhook_url = receiver.url

    assert receiver.wait(lambda: len(receiver.statuses) == 2)


def test_a_wrong_signature_is_refused_and_tried_again(whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.faults.wrong_signature = True
    whatsapp.write(CAMILA, "Hola")
    assert receiver.wait(lambda: receiver.refused > 0)

    whatsapp.faults.clear()

    assert receiver.wait(lambda: len(receiver.messages) == 1)


def test_a_read_receipt_can_fail_without_harm_to_sends(
    graph: Graph, in_window: str, whatsapp: SandboxServer
) -> None:
    whatsapp.faults.next("error", on="read", status=500)
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": in_window}

    assert graph.send().status_code == 200
    assert error_of(graph.post(f"{graph.number_id}/messages", receipt)) == (500, 131000)


@pytest.mark.parametrize(
    "wanted",
    [
        {"latency": 1},
        {"latency_ms": -1},
        {"latency_ms": True},
        {"refuse_token": "yes"},
        {"next": 5},
        {"next": ["cut"]},
        {"next": [{"answer": "boom"}]},
        {"next": [{"answer": "cut", "times": 0}]},
        {"next": [{"answer": "cut", "color": 1}]},
    ],
)
def test_an_unknown_wish_is_refused_with_its_name(whatsapp: SandboxServer, wanted: dict[str, Any]) -> None:
    response = ask(whatsapp, **wanted)

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "validation_failed"
    assert len(response.json()["error"]["message"]) > 10


def test_a_reset_clears_everything(whatsapp: SandboxServer) -> None:
    ask(whatsapp, refuse_token=True, latency_ms=5, next=[{"answer": "cut", "times": 3}])

    state = ask(whatsapp, reset=True).json()

    assert (state["refuse_token"], state["latency_ms"], state["next_count"]) == (False, 0, 0)
