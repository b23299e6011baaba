"""Webhooks: signed, kept, in order for each person, and posted until the answer is 200."""

import json
from pathlib import Path

import pytest
import requests

from kiaai.config import Settings
from kiaai.sandbox.people import bsuid_of
from kiaai.sandbox.rules import Rules
from kiaai.sandbox.server import SandboxServer
from tests.sandbox import CAMILA, ISIDORA
from tests.sandbox.conftest import Graph, Receiver

SAMPLES = Path(__file__).parent.parent / "samples"


def shape(value: object) -> object:
    """Return the keys of a body, without what it says."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if key not in ("caption",)}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def sample(name: str) -> object:
    return shape(json.loads((SAMPLES / name).read_text()))


def test_the_signed_bytes_are_escaped_ascii(whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.write(CAMILA, "Canción ñandú 👋")

    assert receiver.wait(lambda: bool(receiver.bodies))
    assert b"Canci\\u00f3n \\u00f1and\\u00fa \\ud83d\\udc4b" in receiver.bodies[0]
    assert receiver.refused == 0


def test_a_text_has_the_shape_of_metas(whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.write(CAMILA, "Hola")

    assert receiver.wait(lambda: bool(receiver.bodies))
    assert shape(json.loads(receiver.bodies[0])) == sample("in-text.json")


def test_a_reply_names_what_it_answers(graph: Graph, whatsapp: SandboxServer, receiver: Receiver) -> None:
    wamid = graph.send().json()["messages"][0]["id"]
    whatsapp.write(CAMILA, "Sí", reply_to=wamid)

    assert receiver.wait(lambda: bool(receiver.messages))
    assert receiver.messages[0]["context"] == {"from": "56900000000", "id": wamid}


def test_someone_with_only_a_username_has_no_number(whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.write(ISIDORA, "Hola")

    assert receiver.wait(lambda: bool(receiver.bodies))
    assert shape(json.loads(receiver.bodies[0])) == sample("in-username-only-no-phone-bsuid.json")
    assert receiver.messages[0]["from_user_id"] == bsuid_of(ISIDORA)


def test_an_answer_from_the_phone_app_is_echoed(whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.answer_from_phone(CAMILA, "Te respondo desde el teléfono")

    assert receiver.wait(lambda: bool(receiver.bodies))
    assert shape(json.loads(receiver.bodies[0])) == sample("smb-message-echo-text.json")


@pytest.mark.parametrize(("is_stopped", "name"), [(True, "stop"), (False, "resume")])
def test_marketing_is_stopped_and_resumed(
    whatsapp: SandboxServer, receiver: Receiver, is_stopped: bool, name: str
) -> None:
    whatsapp.marketing(CAMILA, is_stopped)

    assert receiver.wait(lambda: bool(receiver.bodies))
    assert shape(json.loads(receiver.bodies[0])) == sample(f"user-preferences-marketing-{name}.json")
    assert receiver.values[0]["user_preferences"][0]["value"] == name


def test_a_person_is_heard_in_order_through_failures(whatsapp: SandboxServer, receiver: Receiver) -> None:
    receiver.answers = [500, 200, 503, 503, 200]

    for number in range(20):
        whatsapp.write(CAMILA, str(number))

    assert receiver.wait(lambda: len(receiver.messages) == 20)
    assert [message["text"]["body"] for message in receiver.messages] == [str(n) for n in range(20)]


def test_a_refusal_is_tried_again_until_it_is_200(whatsapp: SandboxServer, receiver: Receiver) -> None:
    receiver.answers = [401, 204, 302]

    whatsapp.write(CAMILA, "Hola")

    assert whatsapp.wait_for_webhooks()
    assert len(receiver.bodies) == 1
    assert receiver.answers == []


def test_what_was_not_delivered_survives_a_restart(
    settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    with SandboxServer(settings, folder=tmp_path) as before:
        wamid = before.write(CAMILA, "Antes del apagón")

    with SandboxServer(settings, webhook_url=receiver.url, folder=tmp_path) as after:
        assert receiver.wait(lambda: bool(receiver.messages))
        page = requests.get(after.url, timeout=10).text

    assert receiver.messages[0]["id"] == wamid
    assert "Antes del apagón" in page


def test_the_same_customer_is_found_again_after_a_restart(settings: Settings, tmp_path: Path) -> None:
    with SandboxServer(settings, folder=tmp_path) as before:
        before.write("56900002001", "Hola", name="Rocío Prueba")

    with SandboxServer(settings, folder=tmp_path) as after:
        assert "Rocío Prueba" in requests.get(after.url, timeout=10).text


def test_read_never_overtakes_delivered(settings: Settings, receiver: Receiver) -> None:
    rules = Rules(sent_after_seconds=0.01, delivered_after_seconds=0.1)
    with SandboxServer(settings, webhook_url=receiver.url, rules=rules) as whatsapp:
        whatsapp.write(CAMILA, "Hola")
        Graph(whatsapp.url, settings).send()
        whatsapp.read(CAMILA)

        assert receiver.wait(lambda: len(receiver.statuses) == 3)

    assert [status["status"] for status in receiver.statuses] == ["sent", "delivered", "read"]
