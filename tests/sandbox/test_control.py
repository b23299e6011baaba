"""Scripts write as customers and see what was accepted."""

from typing import Any

import pytest
import requests

from kiaai.sandbox.server import SandboxServer
from tests.sandbox import CAMILA
from tests.sandbox.conftest import Graph, Receiver


def inject(whatsapp: SandboxServer, **wanted: Any) -> requests.Response:
    return requests.post(f"{whatsapp.url}/sandbox/inbound", json=wanted, timeout=10)


def test_an_injected_message_reaches_the_webhook(whatsapp: SandboxServer, receiver: Receiver) -> None:
    response = inject(whatsapp, **{"from": "+56 9 0000 2007", "text": "Hola", "name": "Rocío Prueba"})

    assert response.status_code == 201
    assert receiver.wait(lambda: bool(receiver.messages))
    assert receiver.messages[0]["id"] == response.json()["id"]
    assert receiver.values[0]["contacts"][0]["profile"]["name"] == "Rocío Prueba"
    assert receiver.messages[0]["from"] == "56900002007"


def test_any_kind_can_be_injected(whatsapp: SandboxServer, receiver: Receiver) -> None:
    order = {"catalog_id": "1", "product_items": []}

    inject(whatsapp, **{"from": CAMILA, "type": "order", "order": order})

    assert receiver.wait(lambda: bool(receiver.messages))
    assert (receiver.messages[0]["type"], receiver.messages[0]["order"]) == ("order", order)
    assert requests.get(whatsapp.url, timeout=10).status_code == 200


def test_the_same_message_can_be_injected_again(whatsapp: SandboxServer, receiver: Receiver) -> None:
    wamid = inject(whatsapp, **{"from": CAMILA, "text": "Hola"}).json()["id"]

    inject(whatsapp, **{"from": CAMILA, "text": "Hola", "wamid": wamid})

    assert receiver.wait(lambda: len(receiver.messages) == 2)
    assert {message["id"] for message in receiver.messages} == {wamid}


@pytest.mark.parametrize(
    "wanted",
    [
        {"text": "Hola"},
        {"from": "nobody", "text": "Hola"},
        {"from": CAMILA},
        {"from": CAMILA, "type": "image", "image": "x"},
        {"from": CAMILA, "file": {"base64": "%"}},
        {"from": CAMILA, "text": "Hola", "timestamp": "today"},
        {"from": CAMILA, "text": 5},
    ],
)
def test_a_bad_wish_is_refused(whatsapp: SandboxServer, wanted: dict[str, Any]) -> None:
    response = inject(whatsapp, **wanted)

    assert (response.status_code, response.json()["error"]["code"]) == (422, "validation_failed")


def test_accepted_messages_are_listed_by_page(graph: Graph, whatsapp: SandboxServer) -> None:
    for number in range(3):
        graph.send(content={"body": str(number)})

    first = requests.get(f"{whatsapp.url}/sandbox/messages?limit=2", timeout=10).json()
    second = requests.get(f"{whatsapp.url}/sandbox/messages?after={first['next']}", timeout=10).json()

    assert [m["text"] for m in first["messages"] + second["messages"]] == ["0", "1", "2"]


def test_a_chat_can_be_opened_from_outside(graph: Graph, in_window: str, whatsapp: SandboxServer) -> None:
    graph.send()

    response = requests.post(f"{whatsapp.url}/sandbox/read", json={"from": CAMILA}, timeout=10)

    assert response.json() == {"read": 1}
