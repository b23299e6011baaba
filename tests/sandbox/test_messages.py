"""Sends: accepted, refused, or failed later, as Meta does it."""

from typing import Any

import pytest

from kiaai.sandbox.people import DEMO_NUMBERS, bsuid_of, wa_id_of
from kiaai.sandbox.server import SandboxServer
from tests.sandbox import CAMILA, ISIDORA
from tests.sandbox.conftest import Graph, Receiver, error_of

BUTTONS = {
    "type": "button",
    "body": {"text": "¿Confirmas?"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": "ok", "title": "Confirmar"}}]},
}


def test_it_accepts_a_text_and_keeps_what_was_sent(graph: Graph, whatsapp: SandboxServer) -> None:
    answer = graph.send(to="+" + CAMILA, biz_opaque_callback_data="key-1").json()

    wamid = answer["messages"][0]["id"]
    assert wamid.startswith("wamid.")
    assert answer["contacts"] == [{"input": "+" + CAMILA, "wa_id": CAMILA}]
    sent = whatsapp.sent[0]
    assert [sent[name] for name in ("to", "kind", "text", "wamid", "send_key")] == [
        *(CAMILA, "text", "Hola", wamid, "key-1")
    ]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", {"link": "https://pictures.example/a.png", "caption": "Foto"}),
        ("document", {"link": "https://files.example/a.pdf", "filename": "a.pdf"}),
        ("location", {"latitude": -33.4, "longitude": -70.6, "name": "Plaza"}),
        ("contacts", [{"name": {"formatted_name": "Beto Demo", "first_name": "Beto"}}]),
        ("interactive", BUTTONS),
        ("template", {"name": "saludo", "language": {"code": "es"}}),
    ],
)
def test_it_accepts_every_kind(graph: Graph, whatsapp: SandboxServer, kind: str, content: Any) -> None:
    response = graph.send(kind, content)

    assert response.status_code == 200, response.text
    assert whatsapp.sent[0]["kind"] == kind


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"text": {"body": "a" * 4097}}, (400, 100)),
        ({"text": {}}, (400, 131008)),
        ({"text": "Hola"}, (400, 131008)),
        ({"to": "Camila"}, (400, 131009)),
        ({"to": "56900000000"}, (400, 131021)),
        ({"to": None}, (400, 100)),
        ({"messaging_product": "sms"}, (400, 100)),
        ({"type": "poll"}, (400, 131051)),
        ({"biz_opaque_callback_data": "k" * 513}, (400, 100)),
        ({"type": "image", "image": {"link": "https://a.example/b.png", "caption": "a" * 1025}}, (400, 100)),
        ({"type": "image", "image": {"id": "404"}}, (400, 131009)),
        ({"type": "image", "image": {"link": "javascript:alert(1)"}}, (400, 131009)),
        ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, (400, 131009)),
        ({"type": "template", "template": {"name": "nada", "language": {"code": "es"}}}, (404, 132001)),
        ({"type": "template", "template": {"name": "saludo", "language": {"code": "es_CL"}}}, (404, 132001)),
        (
            {"type": "template", "template": {"name": "encuesta_servicio", "language": {"code": "es"}}},
            (400, 132015),
        ),
        (
            {"type": "template", "template": {"name": "oferta_temporada", "language": {"code": "es"}}},
            (400, 132000),
        ),
        ({"to": None, "recipient": "CL.1999"}, (400, 131009)),
        ({"type": "interactive", "interactive": {**BUTTONS, "action": {"buttons": []}}}, (400, 131009)),
        ({"type": "interactive", "interactive": {**BUTTONS, "body": {"text": "a" * 1025}}}, (400, 131009)),
        ({"type": "interactive", "interactive": {**BUTTONS, "action": {"buttons": ["x"]}}}, (400, 131009)),
    ],
)
def test_it_refuses_what_meta_refuses(
    graph: Graph, whatsapp: SandboxServer, body: dict[str, Any], expected: tuple[int, int]
) -> None:
    response = graph.send(**body)

    assert error_of(response) == expected, response.text
    assert whatsapp.sent == []


def test_it_refuses_a_wrong_token_with_190(graph: Graph) -> None:
    graph.http.headers["Authorization"] = "Bearer wrong"

    assert error_of(graph.send()) == (401, 190)


def test_it_does_not_know_another_number_id(graph: Graph) -> None:
    response = graph.post("2000/messages", {"messaging_product": "whatsapp"})

    assert error_of(response) == (400, 100)
    assert response.json()["error"]["error_subcode"] == 33


def test_it_tells_sent_then_delivered_with_the_send_key(
    graph: Graph, in_window: str, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    wamid = graph.send(biz_opaque_callback_data="key-7").json()["messages"][0]["id"]

    assert receiver.wait(lambda: len(receiver.statuses) == 2)
    assert [(s["id"], s["status"]) for s in receiver.statuses] == [(wamid, "sent"), (wamid, "delivered")]
    assert {s["biz_opaque_callback_data"] for s in receiver.statuses} == {"key-7"}


def test_it_tells_read_when_the_customer_opens_the_chat(
    graph: Graph, in_window: str, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    graph.send()

    assert whatsapp.read(CAMILA) == 1
    assert receiver.wait(lambda: len(receiver.statuses) == 3)
    assert receiver.statuses[-1]["status"] == "read"


@pytest.mark.parametrize(
    ("to", "kind", "content", "code"),
    [
        (CAMILA, "text", {"body": "Hola"}, 131047),
        ("56900000404", "text", {"body": "Hola"}, 131026),
        (CAMILA, "reaction", {"message_id": "wamid.unknown", "emoji": "👍"}, 131009),
    ],
)
def test_it_accepts_and_fails_later(
    graph: Graph, whatsapp: SandboxServer, receiver: Receiver, to: str, kind: str, content: Any, code: int
) -> None:
    if kind == "reaction":
        whatsapp.write(CAMILA, "Hola")

    response = graph.send(kind, content, to=to)

    assert response.status_code == 200
    assert receiver.wait(lambda: bool(receiver.statuses))
    assert [(s["status"], s["errors"][0]["code"]) for s in receiver.statuses] == [("failed", code)]


def test_a_window_opened_a_day_ago_is_closed(
    graph: Graph, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    whatsapp.write(CAMILA, "Hola", timestamp=1_700_000_000)

    graph.send()

    assert receiver.wait(lambda: bool(receiver.statuses))
    assert receiver.statuses[0]["errors"][0]["code"] == 131047


def test_a_template_needs_no_window_and_is_filled(
    graph: Graph, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    parameters = [
        {"type": "text", "parameter_name": "hora", "text": "10:30"},
        {"type": "text", "parameter_name": "nombre", "text": "Camila"},
    ]
    template = {
        "name": "cita_recordatorio",
        "language": {"code": "es"},
        "components": [{"type": "body", "parameters": parameters}],
    }

    answer = graph.send("template", template).json()

    assert answer["messages"][0]["message_status"] == "accepted"
    assert whatsapp.sent[0]["text"].startswith("Hola Camila, te recordamos tu hora a las 10:30")
    assert receiver.wait(lambda: len(receiver.statuses) == 2)
    assert receiver.statuses[0]["pricing"]["category"] == "utility"


def test_who_stopped_marketing_gets_none(graph: Graph, whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.marketing(CAMILA, is_stopped=True)
    parameters = [{"type": "text", "text": text} for text in ("Camila", "20 %")]
    components = [{"type": "body", "parameters": parameters}]

    graph.send("template", {"name": "oferta_temporada", "language": {"code": "es"}, "components": components})

    assert receiver.wait(lambda: bool(receiver.statuses))
    assert receiver.statuses[0]["errors"][0]["code"] == 131050


def test_someone_without_a_number_is_reached_by_user_id(
    graph: Graph, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    whatsapp.write(ISIDORA, "Hola")

    answer = graph.send(to=None, recipient=bsuid_of(ISIDORA)).json()

    assert answer["contacts"] == [{"input": bsuid_of(ISIDORA), "user_id": bsuid_of(ISIDORA)}]
    assert receiver.wait(lambda: bool(receiver.statuses))
    assert "recipient_id" not in receiver.statuses[0]
    assert receiver.statuses[0]["recipient_user_id"] == bsuid_of(ISIDORA)


def test_the_46th_message_at_once_to_one_person_is_too_many(graph: Graph) -> None:
    answers = [graph.send() for _ in range(46)]

    assert [answer.status_code for answer in answers] == [200] * 45 + [400]
    assert error_of(answers[-1]) == (400, 131056)


def test_more_than_the_throughput_is_refused(graph: Graph) -> None:
    answers = [graph.send(to=f"5690000{number}") for number in range(3000, 3100)]

    assert 130429 in {answer.json().get("error", {}).get("code") for answer in answers}
    assert [answer.status_code for answer in answers[:84]] == [200] * 84


def test_reading_marks_the_customers_messages_and_shows_typing(
    graph: Graph, in_window: str, whatsapp: SandboxServer
) -> None:
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": in_window}

    response = graph.post(f"{graph.number_id}/messages", {**body, "typing_indicator": {"type": "text"}})

    assert response.json() == {"success": True}
    page = graph.http.get(f"{whatsapp.url}/", timeout=10)
    assert "typing ..." in page.text
    assert 'aria-label="read"' in page.text


def test_reading_an_unknown_message_is_refused(graph: Graph) -> None:
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.unknown"}

    assert error_of(graph.post(f"{graph.number_id}/messages", body)) == (400, 131009)


@pytest.mark.parametrize(
    ("dialled", "wa_id"),
    [
        ("5551988887777", "555188887777"),
        ("5511988887777", "5511988887777"),
        ("525512345678", "5215512345678"),
        ("541123456789", "5491123456789"),
        ("56900001003", "56900001003"),
    ],
)
def test_whatsapp_writes_some_numbers_in_its_own_way(dialled: str, wa_id: str) -> None:
    assert wa_id_of(dialled) == wa_id


def test_people_of_the_demo_wrote_before_the_sandbox_was_there(
    graph: Graph, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    graph.send(to=str(DEMO_NUMBERS[7]))

    assert receiver.wait(lambda: bool(receiver.statuses))
    assert receiver.statuses[0]["status"] == "sent"
