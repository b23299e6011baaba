"""A WhatsApp on loopback, a client for it, and a courier that drains like a worker's thread."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask

from kiaai import clock
from kiaai.config import Settings
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.pacing import Pace
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.models import Conversation, Message
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient

Say = Callable[..., Message]
Drain = Callable[..., int]


@pytest.fixture
def whatsapp(settings: Settings) -> Iterator[SandboxServer]:
    """Give a WhatsApp where Dana has just written, so that her window is open."""
    with SandboxServer(settings) as server:
        server.write("56900000001", "Hola")
        yield server


@pytest.fixture
def whatsapp_client(settings: Settings, whatsapp: SandboxServer) -> WhatsAppClient:
    return WhatsAppClient(
        whatsapp.url,
        settings.whatsapp_api_version,
        settings.whatsapp_api_token,
        settings.whatsapp_phone_number_id,
        is_sandbox=True,
    )


@pytest.fixture
def pace(settings: Settings) -> Pace:
    return Pace(settings.whatsapp_phone_number_id, rate_per_second=1000)


@pytest.fixture
def drain_now(app: Flask, whatsapp_client: WhatsAppClient, pace: Pace) -> Drain:
    def run(conversation: Conversation, client: WhatsAppClient = whatsapp_client) -> int:
        # A context of its own has a session of its own, as in a worker's thread.
        with app.app_context():
            calls = drain(conversation.id, client, pace).calls
        db.session.expire_all()
        return calls

    return run


@pytest.fixture
def open_dana(dana: Conversation) -> Conversation:
    """Dana wrote an hour ago."""
    dana.last_inbound_at = clock.now() - timedelta(hours=1)
    db.session.commit()
    return dana


@pytest.fixture
def say(open_dana: Conversation) -> Say:
    """Queue a text of a person, or of whoever is named, and commit."""

    def queue(text: str, author: str = "user", **options: object) -> Message:
        message = queue_message(open_dana, Sender(author), text=text, **options)  # type: ignore[arg-type]
        db.session.commit()
        return message

    return queue
