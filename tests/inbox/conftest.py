"""Talk between Dana and the team, put straight into the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from kiaai.extensions import db
from kiaai.models import Attachment, Conversation, Message, User
from tests.people import enter

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


def store_message(conversation: Conversation, text: str | None = "Hola", **columns: Any) -> Message:
    is_incoming = columns.setdefault("direction", "incoming") == "incoming"
    columns.setdefault("author", "customer" if is_incoming else "user")
    columns.setdefault("status", "received" if is_incoming else "sent")
    columns.setdefault("message_id", f"wamid.{uuid4().hex}")
    columns.setdefault("timestamp", datetime.now(UTC))
    message = Message(conversation_id=conversation.id, text=text, **columns)
    db.session.add(message)
    conversation.last_message_at = columns["timestamp"]
    conversation.last_message_preview = text or ""
    conversation.last_direction = columns["direction"]
    if is_incoming:
        conversation.last_inbound_at = columns["timestamp"]
        conversation.unread_count = Conversation.unread_count + 1
    conversation.version = Conversation.version + 1
    db.session.commit()
    return message


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
