"""What a customer does with a phone, by the page's own forms."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from kiaai.sandbox.server import SandboxServer
from tests.sandbox.conftest import Graph, Receiver
from tests.sandbox.test_media import PNG
from tests.sandbox.test_messages import BUTTONS

STICKERS = Path(__file__).parents[2] / "static" / "sandbox" / "stickers"


class Phone:
    """Camila's phone, as a browser uses it without scripts."""

    def __init__(self, whatsapp: SandboxServer):
        self.url = whatsapp.url
        page = requests.get(self.url, timeout=10).text
        found = re.search(r'open=(\d+)"[^>]*>\s*<span[^>]*>CÑ<', page)
        assert found
        self.id = found.group(1)

    def post(self, path: str, **fields: str) -> requests.Response:
        return requests.post(f"{self.url}/phones/{self.id}/{path}", data=fields, timeout=10)

    def attach(self, name: str, data: bytes, mime_type: str, **fields: str) -> requests.Response:
        address = f"{self.url}/phones/{self.id}/messages"
        return requests.post(address, data=fields, files={"file": (name, data, mime_type)}, timeout=10)

    def page(self) -> str:
        return requests.get(f"{self.url}/?open={self.id}", timeout=10).text

    def changes(self, since: str = "0") -> requests.Response:
        return requests.get(f"{self.url}/phones/{self.id}/changes?since={since}", timeout=10)

    def message_id(self) -> str:
        """Return the id of the newest bubble."""
        return str(re.findall(r'id="message-(\d+)"', self.page())[-1])


@pytest.fixture
def phone(whatsapp: SandboxServer) -> Phone:
    return Phone(whatsapp)


def test_what_is_written_is_shown_and_posted(phone: Phone, receiver: Receiver) -> None:
    response = phone.post("messages", text="Hola <b>a todos</b>")

    assert response.history[0].status_code == 303
    assert "Hola &lt;b&gt;a todos&lt;/b&gt;" in response.text
    assert receiver.wait(lambda: bool(receiver.messages))
    assert receiver.messages[0]["text"]["body"] == "Hola <b>a todos</b>"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"kind": "location"}, "location"),
        ({"kind": "contacts"}, "contacts"),
        ({"sticker": "heart"}, "sticker"),
    ],
)
def test_a_place_a_card_and_a_sticker_can_be_sent(
    phone: Phone, receiver: Receiver, fields: dict[str, str], kind: str
) -> None:
    phone.post("messages", **fields)

    assert receiver.wait(lambda: bool(receiver.messages))
    assert receiver.messages[0]["type"] == kind


@pytest.mark.parametrize(
    ("name", "mime_type", "kind"),
    [
        ("a.png", "image/png", "image"),
        ("a.ogg", "audio/ogg; codecs=opus", "audio"),
        ("a.pdf", "application/pdf", "document"),
        ("a.html", "text/html", "document"),
        ("a.svg", "image/svg+xml", "document"),
    ],
)
def test_a_file_goes_as_what_it_is(
    phone: Phone, receiver: Receiver, name: str, mime_type: str, kind: str
) -> None:
    phone.attach(name, PNG, mime_type, text="Mira")

    assert receiver.wait(lambda: bool(receiver.messages))
    assert receiver.messages[0]["type"] == kind


def test_a_page_that_a_customer_sends_is_never_shown_as_one(phone: Phone, whatsapp: SandboxServer) -> None:
    phone.attach("a.html", b"<script>alert(1)</script>", "text/html")
    address = re.findall(r'href="(/files/\d+)"', phone.page())[-1]

    response = requests.get(whatsapp.url + address, timeout=10)

    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_reaction_is_told_and_taken_back(phone: Phone, graph: Graph, receiver: Receiver) -> None:
    wamid = graph.send("template", {"name": "saludo", "language": {"code": "es"}}).json()["messages"][0]["id"]
    path = f"messages/{phone.message_id()}/reaction"

    phone.post(path, emoji="👍")
    phone.post(path, emoji="👍")

    assert receiver.wait(lambda: len(receiver.messages) == 2)
    assert [m["reaction"] for m in receiver.messages] == [
        {"message_id": wamid, "emoji": "👍"},
        {"message_id": wamid},
    ]


def test_a_message_can_be_edited_and_deleted(phone: Phone, receiver: Receiver) -> None:
    phone.post("messages", text="Hola")
    message_id = phone.message_id()

    phone.post(f"messages/{message_id}/edit", text="Hola a todos")
    edited = phone.page()
    phone.post(f"messages/{message_id}/deletion")

    assert "Hola a todos" in edited
    assert "Hola a todos" not in phone.page()
    assert receiver.wait(lambda: len(receiver.messages) == 3)
    first, edit, revoke = receiver.messages
    assert edit["edit"]["original_message_id"] == revoke["revoke"]["original_message_id"] == first["id"]
    assert edit["edit"]["message"]["text"]["body"] == "Hola a todos"


def test_the_businesss_message_can_be_neither_edited_nor_deleted(
    phone: Phone, graph: Graph, in_window: str
) -> None:
    graph.send()
    message_id = phone.message_id()

    assert phone.post(f"messages/{message_id}/edit", text="x").status_code == 404
    assert phone.post(f"messages/{message_id}/deletion").status_code == 404


def test_another_persons_message_is_out_of_reach(phone: Phone, whatsapp: SandboxServer) -> None:
    whatsapp.write("56900001001", "Mío")
    address = f"{whatsapp.url}/phones/{phone.id}/messages/1/deletion"

    assert requests.post(address, timeout=10).status_code == 404


def test_a_tapped_button_answers_with_its_id(
    phone: Phone, graph: Graph, in_window: str, receiver: Receiver
) -> None:
    wamid = graph.send("interactive", BUTTONS).json()["messages"][0]["id"]

    phone.post(f"messages/{phone.message_id()}/choice", choice="ok")

    assert receiver.wait(lambda: len(receiver.messages) == 2)
    answer = receiver.messages[1]
    assert answer["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "ok", "title": "Confirmar"},
    }
    assert answer["context"]["id"] == wamid


def test_a_tapped_template_button_answers_with_its_payload(
    phone: Phone, graph: Graph, receiver: Receiver
) -> None:
    names = {"nombre": "Camila", "hora": "10:30"}
    body = [{"type": "text", "parameter_name": name, "text": text} for name, text in names.items()]
    payload = [{"type": "payload", "payload": "CONFIRM_77"}]
    components: list[dict[str, Any]] = [
        {"type": "body", "parameters": body},
        {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": payload},
    ]
    template = {"name": "cita_recordatorio", "language": {"code": "es"}, "components": components}
    graph.send("template", template)

    phone.post(f"messages/{phone.message_id()}/choice", choice="CONFIRM_77")

    assert receiver.wait(lambda: bool(receiver.messages))
    assert receiver.messages[0]["button"] == {"payload": "CONFIRM_77", "text": "Confirmar"}


def test_ticks_follow_the_webhook(phone: Phone, whatsapp: SandboxServer, receiver: Receiver) -> None:
    whatsapp.webhook_url = None
    phone.post("messages", text="Hola")
    waiting = phone.page()

    whatsapp.webhook_url = receiver.url

    assert whatsapp.wait_for_webhooks()
    assert 'aria-label="waits for the webhook"' in waiting
    assert 'aria-label="delivered"' in phone.page()


def test_a_poll_brings_only_what_changed(phone: Phone, whatsapp: SandboxServer) -> None:
    phone.post("messages", text="Primero")
    whatsapp.wait_for_webhooks()
    since = phone.changes().headers["X-Since"]

    nothing = phone.changes(since)
    phone.post("messages", text="Segundo")
    something = phone.changes(since)

    assert (nothing.status_code, nothing.text) == (204, "")
    assert "Segundo" in something.text
    assert "Primero" not in something.text


def test_a_message_that_failed_is_told_on_the_phone(phone: Phone, graph: Graph) -> None:
    graph.send()

    assert "Not delivered, error 131047" in phone.page()


def test_a_new_customer_gets_the_next_free_number(whatsapp: SandboxServer) -> None:
    for _ in range(2):
        page = requests.post(f"{whatsapp.url}/people", data={"name": "Rocío Prueba"}, timeout=10).text

    assert page.count("Phone of Rocío Prueba") == 1
    assert {"+56 9 0000 1005", "+56 9 0000 1006"} <= set(re.findall(r"\+56 9 0000 \d{4}", page))


def test_three_phones_fit_side_by_side(whatsapp: SandboxServer) -> None:
    page = requests.get(f"{whatsapp.url}/?open=1,2,3,4", timeout=10).text

    assert page.count('class="phone"') == 3


def test_the_panel_switches_faults(whatsapp: SandboxServer) -> None:
    address = f"{whatsapp.url}/panel"

    requests.post(
        address, data={"flag": "refuse_token", "on": "refuse_token", "latency_ms": "200"}, timeout=10
    )
    requests.post(address, data={"plan": "error 429"}, timeout=10)

    assert (whatsapp.faults.refuse_token, whatsapp.faults.latency_ms) == (True, 200)
    assert whatsapp.faults.planned_count == 1


def test_every_sticker_is_there_and_small_enough() -> None:
    sizes = [path.stat().st_size for path in STICKERS.glob("*.webp")]

    assert len(sizes) == 4
    assert max(sizes) <= 100 * 1024
