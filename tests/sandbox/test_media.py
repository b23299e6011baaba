"""Media: upload, look up, download while the address lives, delete."""

import base64
import hashlib

import pytest
import requests

from kiaai.sandbox import files
from kiaai.sandbox.server import SandboxServer
from tests.sandbox import CAMILA
from tests.sandbox.conftest import Graph, Receiver, error_of

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def upload(graph: Graph, data: bytes = PNG, mime_type: str = "image/png") -> requests.Response:
    return graph.http.post(
        f"{graph.base}/{graph.number_id}/media",
        data={"messaging_product": "whatsapp", "type": mime_type},
        files={"file": ("a.png", data, mime_type)},
        timeout=10,
    )


def test_an_uploaded_picture_can_be_looked_up_fetched_and_sent(graph: Graph, whatsapp: SandboxServer) -> None:
    media_id = upload(graph).json()["id"]

    found = graph.get(media_id, phone_number_id=graph.number_id).json()
    fetched = graph.http.get(found["url"], timeout=10)

    assert (found["mime_type"], found["file_size"]) == ("image/png", len(PNG))
    assert found["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert (fetched.content, fetched.headers["Content-Type"]) == (PNG, "image/png")
    assert graph.send("image", {"id": media_id, "caption": "Foto"}).status_code == 200


def test_fetching_needs_the_token(graph: Graph) -> None:
    url = graph.get(upload(graph).json()["id"]).json()["url"]

    assert requests.get(url, timeout=10).status_code == 401


def test_an_address_dies_after_five_minutes(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    media_id = upload(graph).json()["id"]
    monkeypatch.setattr(files, "URL_SECONDS", -1)

    url = graph.get(media_id).json()["url"]

    assert graph.http.get(url, timeout=10).status_code == 404


def test_a_changed_address_is_worth_nothing(graph: Graph) -> None:
    url = graph.get(upload(graph).json()["id"]).json()["url"]

    assert graph.http.get(url.replace("ext=", "ext=9"), timeout=10).status_code == 404


def test_a_deleted_file_is_unknown(graph: Graph) -> None:
    media_id = upload(graph).json()["id"]

    deleted = graph.http.delete(f"{graph.base}/{media_id}", timeout=10)

    assert deleted.json() == {"success": True}
    assert error_of(graph.get(media_id)) == (400, 100)


def test_another_numbers_file_is_unknown(graph: Graph) -> None:
    assert error_of(graph.get(upload(graph).json()["id"], phone_number_id="200")) == (400, 100)


def test_a_type_that_whatsapp_does_not_carry_is_refused(graph: Graph) -> None:
    assert error_of(upload(graph, b"MZ", "application/x-msdownload")) == (400, 100)


def test_a_picture_over_five_megabytes_is_refused(graph: Graph) -> None:
    assert error_of(upload(graph, b"0" * (5 * 1024 * 1024 + 1))) == (400, 131053)


def test_a_customers_picture_can_be_fetched_by_its_webhook(
    graph: Graph, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    file = {"base64": base64.b64encode(PNG).decode(), "mime_type": "image/png", "name": "a.png"}

    whatsapp.write(CAMILA, "Así quedó", file=file)

    assert receiver.wait(lambda: bool(receiver.messages))
    image = receiver.messages[0]["image"]
    assert (image["caption"], base64.b64decode(image["sha256"])) == (
        "Así quedó",
        hashlib.sha256(PNG).digest(),
    )
    assert graph.http.get(image["url"], timeout=10).content == PNG
    assert graph.get(image["id"]).json()["mime_type"] == "image/png"
