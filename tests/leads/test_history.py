"""The history is complete: whatever is done leaves one line with who did it, and all can be asked for."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.accounts.api_keys import create_key
from kiaai.extensions import db
from kiaai.inbox import history
from kiaai.models import Conversation, LeadEvent, User
from tests.people import enter

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def told(client: FlaskClient, **headers: str) -> list[tuple[str, str | None, str | None, str, str | None]]:
    lines = client.get("/leads/56900000001", headers=headers).get_json()["history"]
    return [(line["kind"], line["old"], line["new"], line["by"], line["by_name"]) for line in lines][::-1]


def test_each_deed_of_a_person_leaves_one_line(
    client: FlaskClient, dana: Conversation, alice: User, bob: User
) -> None:
    enter(client, bob)
    one = f"/inbox/conversations/{dana.id}"
    deeds: list[tuple[str, str, dict[str, Any]]] = [
        ("patch", f"{one}/lead", {"customer_name": "Dana D."}),
        ("patch", f"{one}/lead", {"lead_status": "customer"}),
        ("patch", f"{one}/lead", {"add_tag": "vip"}),
        ("patch", f"{one}/lead", {"notes": "Wants tiles"}),
        ("put", f"{one}/assignee", {"user_id": alice.id}),
        ("put", f"{one}/priority", {"priority": "high"}),
        ("put", f"{one}/bot", {}),
        ("put", f"{one}/bot", {"bot_enabled": "on"}),
        ("post", f"{one}/takeover", {}),
        ("delete", f"{one}/takeover", {}),
        ("post", f"{one}/closure", {}),
        ("delete", f"{one}/closure", {}),
        ("post", "/people/changes", {"action": "status", "ids": dana.lead_id, "lead_status": "bad_lead"}),
        ("post", "/people/changes", {"action": "tag", "ids": dana.lead_id, "remove": "vip"}),
        ("post", "/people/changes", {"action": "assign", "ids": dana.lead_id, "user_id": bob.id}),
        ("put", f"{one}/block", {}),
    ]

    for method, path, fields in deeds:
        answer = getattr(client, method)(path, data=fields, headers=HTMX)
        assert answer.status_code == 200, (path, fields, answer.text)

    assert told(client) == [
        ("name", "Dana Díaz", "Dana D.", "user", "Bob"),
        ("status", "unknown", "customer", "user", "Bob"),
        ("tags", "", "vip", "user", "Bob"),
        ("notes", "", "Wants tiles", "user", "Bob"),
        ("assigned", None, "Alice", "user", "Bob"),
        ("priority", "normal", "high", "user", "Bob"),
        ("bot_off", None, None, "user", "Bob"),
        ("bot_on", None, None, "user", "Bob"),
        ("taken_over", None, None, "user", "Bob"),
        ("handed_back", None, None, "user", "Bob"),
        ("closed", None, None, "user", "Bob"),
        ("reopened", None, None, "user", "Bob"),
        ("status", "customer", "bad_lead", "user", "Bob"),
        ("tags", "vip", "", "user", "Bob"),
        ("assigned", None, "Bob", "user", "Bob"),
        ("blocked", None, None, "user", "Bob"),
    ]


def test_a_program_is_named_by_its_key(
    app: Flask, client: FlaskClient, dana: Conversation, bob: User
) -> None:
    _, key = create_key("Shop", bob.id)
    db.session.commit()
    headers = {"Authorization": f"Bearer {key}"}

    client.put("/leads/56900000001/status", json={"lead_status": "customer"}, headers=headers)
    client.put("/api/conversations/56900000001/bot", json={"bot_enabled": False}, headers=headers)
    client.put("/api/conversations/56900000001/bot", json={"bot_enabled": False}, headers=headers)

    assert told(client, **headers) == [
        ("status", "unknown", "customer", "api", "Shop"),
        ("bot_off", None, None, "api", "Shop"),
    ]


def test_each_kind_of_line_has_words_of_its_own(dana: Conversation, bob: User) -> None:
    kinds = ("bot_on", "bot_off", "number", "possible_duplicate", "assigned", "created", "unblocked")
    db.session.add_all(LeadEvent(lead_id=dana.lead_id, kind=kind, by="system") for kind in kinds)
    db.session.commit()

    events = [(event, None) for event in db.session.scalars(select(LeadEvent).order_by(LeadEvent.id))]

    lines = history.lines(list(events), bob.id)
    assert not [line.what for line in lines if ": " in line.what]
