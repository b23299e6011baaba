"""Whose a conversation is and where it stands in the list, by programs."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from kiaai import clock
from kiaai.extensions import db
from kiaai.hooks.webhooks import create_webhook
from kiaai.models import Conversation, LeadEvent, OutgoingDelivery, User
from tests.api.conftest import Call, fields

DANA = "/api/conversations/56900000001"


def kinds() -> list[str]:
    return list(db.session.scalars(select(LeadEvent.kind).order_by(LeadEvent.id)))


def test_a_conversation_is_given_to_somebody_and_to_nobody(
    put: Call, get: Call, dana: Conversation, bob: User
) -> None:
    version = dana.version

    by_id = put(f"{DANA}/assignee", {"user_id": bob.id})
    by_email = put(f"{DANA}/assignee", {"email": bob.email.upper()})
    changed = dana.version
    to_nobody = put(f"{DANA}/assignee", {"user_id": None})

    assert by_id.json["conversation"]["assignee"] == {"id": bob.id, "name": bob.display_name}
    assert by_email.json == by_id.json and changed == version + 1
    assert to_nobody.json["conversation"]["assignee"] is None
    event = get("/leads/56900000001").json["history"][1]
    told = (event["kind"], event["by"], event["by_name"], event["new"])
    assert told == ("assigned", "api", "web shop", bob.display_name)


@pytest.mark.committed
def test_a_webhook_is_told_who_got_it(app: Flask, put: Call, dana: Conversation, bob: User) -> None:
    create_webhook("https://93.184.216.34/", ["conversation.assigned"])
    db.session.commit()

    put(f"{DANA}/assignee", {"user_id": bob.id})

    (told,) = db.session.scalars(select(OutgoingDelivery)).all()
    assert told.event == "conversation.assigned"
    assert told.payload["conversation"]["assignee"] == {"id": bob.id, "name": bob.display_name}
    assert told.payload["change"]["by"] == "api"


def test_a_conversation_is_put_aside_opened_and_closed(put: Call, dana: Conversation) -> None:
    until = (clock.now() + timedelta(days=1)).replace(microsecond=0)

    steps = [
        put(f"{DANA}/state", body).json["conversation"]
        for body in (
            {"state": "snoozed", "until": until.isoformat()},
            {"state": "open"},
            {"state": "closed"},
            {"state": "closed"},
            {"state": "open"},
        )
    ]

    assert [step["state"] for step in steps] == ["snoozed", "open", "closed", "closed", "open"]
    assert steps[0]["snoozed_until"] == f"{until:%Y-%m-%dT%H:%M:%S}.000Z"
    assert steps[1]["snoozed_until"] is None
    assert kinds() == ["snoozed", "woken", "closed", "reopened"]


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("assignee", {}, ["user_id"]),
        ("assignee", {"user_id": 1, "email": "bob@kia.example"}, ["user_id"]),
        ("assignee", {"user_id": 999999}, ["user_id"]),
        ("assignee", {"user_id": 2**63}, ["user_id"]),
        ("assignee", {"user_id": "1"}, ["user_id"]),
        ("assignee", {"email": "nobody@kia.example"}, ["email"]),
        ("state", {}, ["state"]),
        ("state", {"state": "asleep"}, ["state"]),
        ("state", {"state": "snoozed"}, ["until"]),
        ("state", {"state": "closed", "until": "tomorrow"}, ["until"]),
        ("state", {"state": "snoozed", "until": "2020-01-01T00:00:00Z"}, ["until"]),
        ("state", {"state": "snoozed", "until": "soon"}, ["until"]),
    ],
)
def test_what_does_not_fit_is_refused(
    put: Call, dana: Conversation, path: str, body: Any, wrong: list[str]
) -> None:
    assert fields(put(f"{DANA}/{path}", body)) == wrong
    assert kinds() == []


def test_nobody_who_has_left_gets_a_conversation(put: Call, dana: Conversation, carol: User) -> None:
    assert fields(put(f"{DANA}/assignee", {"email": carol.email})) == ["user_id"]
