"""`/leads/{phone}/merge`, `/merges` and `/duplicates`."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.leads.finding import find_or_create_lead
from kiaai.leads.pipeline import Actor
from kiaai.models import ApiKey, Channel, Conversation, Lead, OutgoingDelivery, OutgoingWebhook
from tests.api.conftest import Call, bearer, codes, fields
from tests.conftest import make_conversation


@pytest.fixture
def second(channel: Channel) -> Conversation:
    return make_conversation(channel, "560900000001", "D. Díaz")


def test_a_merge_answers_the_lead_and_a_way_back(
    client: FlaskClient,
    get: Call,
    post: Call,
    key: tuple[ApiKey, str],
    dana: Conversation,
    second: Conversation,
) -> None:
    keep, other = dana.lead_id, second.lead_id

    done = post("/leads/+56900000001/merge", {"other": f"id:{other}"})
    found = get(f"/leads/id:{other}").json
    undone: Any = client.delete(f"/leads/id:{keep}/merges/{done.json['merge_id']}", headers=bearer(key[1]))

    assert (done.status_code, done.json["lead"]["id"]) == (200, keep)
    assert (found["lead"]["id"], found["history"][0]["kind"]) == (keep, "merged")
    assert found["history"][0]["by_name"] == "web shop"
    assert undone.status_code == 200
    assert (undone.json["lead"]["id"], undone.json["other"]["id"], undone.json["left"]) == (keep, other, [])
    assert get(f"/leads/id:{other}").json["lead"]["id"] == other


def test_duplicates_come_with_reason_and_sureness(
    get: Call, dana: Conversation, second: Conversation
) -> None:
    (one,) = get("/leads/+56900000001/duplicates").json["duplicates"]

    assert one["lead"]["id"] == second.lead_id
    assert (one["reason"], one["sureness"]) == ("number_form", "likely")


@pytest.mark.parametrize(
    "body, status, name",
    [
        ({}, 422, "other"),
        ({"other": ""}, 422, "other"),
        ({"other": "56900009999"}, 422, "other"),
        ({"other": "+56 9 0000 0001"}, 422, "other"),
    ],
)
def test_nobody_and_oneself_are_refused(
    post: Call, dana: Conversation, body: dict[str, str], status: int, name: str
) -> None:
    answer = post("/leads/56900000001/merge", body)

    assert (answer.status_code, name in fields(answer)) == (status, True)


@pytest.mark.parametrize(
    "path", ["56900009999/merges/1", "56900000001/merges/1", "56900000001/merges/99999999999999999999"]
)
def test_an_unknown_merge_is_404(
    client: FlaskClient, key: tuple[ApiKey, str], dana: Conversation, path: str
) -> None:
    answer = client.delete(f"/leads/{path}", headers=bearer(key[1]))

    assert codes(answer) == (404, "not_found")


@pytest.mark.parametrize("path", ["merge", "merges/1", "duplicates"])
def test_strangers_get_401(client: FlaskClient, dana: Conversation, path: str) -> None:
    method = {"merge": client.post, "merges/1": client.delete, "duplicates": client.get}[path]

    assert method(f"/leads/56900000001/{path}").status_code == 401


def test_programs_elsewhere_hear_of_a_merge(post: Call, dana: Conversation, second: Conversation) -> None:
    db.session.add(OutgoingWebhook(url="https://example.com", secret="s", events=["lead.changed"]))
    db.session.commit()

    post("/leads/56900000001/merge", {"other": f"id:{second.lead_id}"})
    db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

    told = db.session.query(OutgoingDelivery).one()
    assert (told.event, told.payload["change"]["kind"]) == ("lead.changed", "merged")


@pytest.mark.parametrize(
    "known, typed", [("551187654321", "+55 11 98765-4321"), ("525512345678", "+52 1 55 1234 5678")]
)
def test_the_other_form_of_a_number_finds_the_same_lead(
    get: Call, post: Call, channel: Channel, known: str, typed: str
) -> None:
    lead = find_or_create_lead(known, actor=Actor("system"))
    db.session.commit()

    sent = post("/api/send-message", {"to": typed, "message": "Hola"})

    assert codes(sent) == (422, "window_closed")
    assert get(f"/leads/{typed}").json["lead"]["id"] == lead.id
    assert db.session.scalars(select(Lead.id)).all() == [lead.id]
