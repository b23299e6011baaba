"""Talk between Dana and the team, put straight into the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from kiaai.extensions import db
from kiaai.models import Attachment, Channel, Conversation, Message, User
from tests.conftest import make_conversation
from tests.inbox.browser import visiting, visiting_anew
from tests.inbox.talk import hear, store_message
from tests.people import enter

__all__ = ["store_message"]

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}

Say = Callable[..., Message]
Attach = Callable[..., Attachment]
Counted = Callable[[], Any]


@pytest.fixture
def signed_in(client: FlaskClient, bob: User) -> FlaskClient:
    """Bob's browser: a member, as most people are."""
    enter(client, bob)
    return client


@pytest.fixture
def say(app: Flask) -> Say:
    """Store a message; the newest one said is the newest in the thread."""
    return store_message


@pytest.fixture
def attach(app: Flask) -> Attach:
    def attach_file(message: Message, **columns: Any) -> Attachment:
        attachment = Attachment(message_id=message.id, **columns)
        db.session.add(attachment)
        db.session.commit()
        db.session.expire_all()
        return attachment

    return attach_file


@pytest.fixture
def ago() -> Callable[..., datetime]:
    return lambda **parts: datetime.now(UTC) - timedelta(**parts)


@pytest.fixture
def page(chromium: Any, app: Flask, address: str, alice: User) -> Iterator[Any]:
    """Alice's browser."""
    with visiting(chromium, app, address, alice) as page:
        yield page


@pytest.fixture
def new_page(chromium: Any, app: Flask, address: str, alice: User) -> Iterator[Any]:
    """Alice's browser, new: for what a browser that others use later could not forget."""
    with visiting_anew(chromium, app, address, alice) as page:
        yield page


@pytest.fixture
def talk(dana: Conversation) -> int:
    """Dana has asked something and was answered. Result: the id of the conversation."""
    conversation_id = dana.id
    hear(conversation_id, "¿Tienen hora mañana?")
    hear(conversation_id, "Sí, a las diez.", direction="outgoing")
    return conversation_id


@pytest.fixture
def pedro(channel: Channel) -> int:
    """Another customer. Result: the id of the conversation."""
    conversation_id = make_conversation(channel, "56900000002", "Pedro").id
    hear(conversation_id, "Soy Pedro")
    return conversation_id


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    from sqlalchemy import Engine

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
