"""A key, and a client that uses it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiaai import clock
from kiaai.accounts.api_keys import create_key
from kiaai.extensions import db
from kiaai.models import ApiKey, Channel, Conversation, Message
from tests.conftest import make_conversation

# What comes back is a TestResponse; `json` is there unless the test is about to fail.
Call = Callable[..., Any]


@pytest.fixture
def key(app: Flask) -> tuple[ApiKey, str]:
    key, token = create_key("web shop")
    db.session.commit()
    return key, token


@pytest.fixture
def get(client: FlaskClient, key: tuple[ApiKey, str]) -> Call:
    """Call a route with the key: `get(path, q="dana")`."""

    def call(path: str, **query: Any) -> TestResponse:
        return client.get(path, query_string=query, headers=bearer(key[1]))

    return call


@pytest.fixture
def post(client: FlaskClient, key: tuple[ApiKey, str]) -> Call:
    def call(path: str, body: Any, **headers: str) -> TestResponse:
        return client.post(path, json=body, headers={**bearer(key[1]), **headers})

    return call


@pytest.fixture
def put(client: FlaskClient, key: tuple[ApiKey, str]) -> Call:
    def call(path: str, body: Any) -> TestResponse:
        return client.put(path, json=body, headers=bearer(key[1]))

    return call


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def open_window(conversation: Conversation) -> None:
    """Let the customer have written just now."""
    conversation.last_inbound_at = clock.now()
    db.session.commit()


def make_conversations(channel: Channel, count: int, start: datetime) -> list[Conversation]:
    """Store conversations, each a minute newer than the one before."""
    made = []
    for number in range(count):
        conversation = make_conversation(channel, f"5690000{1000 + number}", f"Person {number}")
        conversation.last_message_at = start + timedelta(minutes=number)
        conversation.lead.last_contact_at = conversation.last_message_at
        made.append(conversation)
    db.session.commit()
    return made


def say(conversation: Conversation, text: str, at: datetime, **values: Any) -> Message:
    """Store an incoming message, or what `values` make of it."""
    message = Message(conversation_id=conversation.id, kind="text", text=text, timestamp=at, **values)
    db.session.add(message)
    db.session.commit()
    return message


def codes(answer: TestResponse) -> tuple[int, str]:
    """Return status and code, and fail when the shape is not the promised one."""
    assert answer.json is not None and set(answer.json) == {"error"}
    error = answer.json["error"]
    assert set(error) <= {"code", "message", "fields"} and error["message"]
    return answer.status_code, error["code"]


def fields(answer: TestResponse) -> list[str]:
    """Return which fields the refusal names."""
    assert codes(answer) == (422, "validation_failed")
    assert answer.json is not None
    reasons = answer.json["error"]["fields"]
    assert all(isinstance(why, list) and why for why in reasons.values())
    return sorted(reasons)
