"""A sandbox on loopback as Meta, the real client, and a message with a file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.media import media_folder
from kiaai.media.storage import Storage
from kiaai.models import Attachment, Conversation, Message
from kiaai.sandbox.customer import keep_inbound_file
from kiaai.sandbox.files import File
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4

Offer = Callable[..., File]
Attach = Callable[..., int]


@pytest.fixture(autouse=True)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Give each test a media folder of its own."""
    if "app" not in request.fixturenames:
        yield
        return
    app: Flask = request.getfixturevalue("app")
    kept, app.extensions["media"] = app.extensions["media"], Storage(tmp_path / "media")
    yield
    app.extensions["media"] = kept


@pytest.fixture
def meta(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(settings) as server:
        yield server


@pytest.fixture
def whatsapp(settings: Settings, meta: SandboxServer) -> Iterator[WhatsAppClient]:
    client = WhatsAppClient(
        meta.url, "v25.0", settings.whatsapp_api_token, settings.whatsapp_phone_number_id, is_sandbox=True
    )
    yield client
    client.close()


@pytest.fixture
def offer(meta: SandboxServer) -> Offer:
    """Let WhatsApp have a file that a customer sent."""

    def keep(data: bytes = PNG, mime_type: str = "image/png") -> File:
        return keep_inbound_file(meta.app.extensions["sandbox"], data, "file", mime_type)

    return keep


@pytest.fixture
def attach(dana: Conversation) -> Attach:
    """Store a message of Dana with a file as it stands after the webhook; give the file's id.

    Fetching ends the session, and with it every row that a test holds: hold ids.
    """
    conversation_id = dana.id

    def make(media_id: str | None, **values: object) -> int:
        message = Message(conversation_id=conversation_id, kind="image")
        db.session.add(message)
        db.session.flush()
        attachment = Attachment(
            message_id=message.id, media_id=media_id, **{"mime_type": "image/png", **values}
        )
        db.session.add(attachment)
        db.session.commit()
        return attachment.id

    return make


@pytest.fixture
def stored(attach: Attach) -> Attach:
    """Store an attachment whose bytes are in the folder already."""

    def make(content: bytes, mime_type: str, file_name: str | None = None) -> int:
        attachment_id = attach("1", mime_type=mime_type, file_name=file_name, state="stored")
        path = media_folder().keep(attachment_id, content).path
        db.session.get_one(Attachment, attachment_id).path = path
        db.session.commit()
        return attachment_id

    return make
