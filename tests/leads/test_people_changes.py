"""What is done with several people at once: to all or none, told in the history, and taken back."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, set_status
from kiaai.models import Channel, Conversation, Lead, LeadEvent, Tag, User
from tests.conftest import make_conversation
from tests.people import enter

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def signed_in(client: FlaskClient, bob: User) -> FlaskClient:
    enter(client, bob)
    return client


@pytest.fixture
def three(channel: Channel) -> list[Lead]:
    return [make_conversation(channel, f"5690000000{n}", f"Persona {n}").lead for n in (1, 2, 3)]


def change(client: FlaskClient, leads: list[Lead], **fields: Any) -> TestResponse:
    return client.post("/people/changes", data={"ids": [lead.id for lead in leads], **fields}, headers=HTMX)


def take_back(client: FlaskClient, answer: TestResponse) -> TestResponse:
    form = re.search(r'<form class="toast-undo".*?</form>', answer.text, re.DOTALL)
    assert form, answer.text[-500:]
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[0])
    return client.post(
        "/people/changes", data={name: unescape(value) for name, value in fields}, headers=HTMX
    )


def history() -> list[tuple[str, str | None, str | None, str, int | None]]:
    events = db.session.scalars(select(LeadEvent).order_by(LeadEvent.id))
    return [(event.kind, event.old, event.new, event.by, event.user_id) for event in events]


def statuses(leads: list[Lead]) -> list[str]:
    db.session.expire_all()
    return [lead.lead_status for lead in leads]


def test_several_get_a_status_and_their_former_ones_back(
    signed_in: FlaskClient, three: list[Lead], bob: User
) -> None:
    three[1].lead_status = "bad_lead"
    three[2].lead_status = "customer"
    db.session.commit()

    answer = change(signed_in, three, action="status", lead_status="customer")

    assert "2 people moved to Customer." in answer.text
    assert statuses(three) == ["customer"] * 3
    told = [("status", was, "customer", "user", bob.id) for was in ("unknown", "bad_lead")]
    assert history() == told

    assert "Taken back" in take_back(signed_in, answer).text
    assert statuses(three) == ["unknown", "bad_lead", "customer"]
    assert history()[2:] == [("status", "customer", was, "user", bob.id) for was in ("unknown", "bad_lead")]


def test_what_somebody_changed_meanwhile_is_not_taken_back(
    signed_in: FlaskClient, three: list[Lead], alice: User
) -> None:
    answer = change(signed_in, three, action="status", lead_status="customer")
    set_status(three[0], "bad_lead", Actor("user", alice.id))
    db.session.commit()

    undone = take_back(signed_in, answer)

    assert "but for 1 that somebody changed meanwhile" in undone.text
    assert statuses(three) == ["bad_lead", "unknown", "unknown"]


def test_the_last_word_wins_and_the_history_has_both(
    signed_in: FlaskClient, three: list[Lead], alice: User, bob: User
) -> None:
    change(signed_in, three[:1], action="status", lead_status="customer")
    enter(signed_in, alice)
    change(signed_in, three[:1], action="status", lead_status="bad_lead")

    assert statuses(three)[0] == "bad_lead"
    assert history() == [
        ("status", "unknown", "customer", "user", bob.id),
        ("status", "customer", "bad_lead", "user", alice.id),
    ]


def test_a_tag_is_given_to_those_without_it_and_taken_off_only_them(
    signed_in: FlaskClient, three: list[Lead]
) -> None:
    three[0].tags = ["vip"]
    db.session.add(Tag(name="vip", colour="red"))
    db.session.commit()

    answer = change(signed_in, three, action="tag", add="vip")
    assert "2 people tagged." in answer.text
    take_back(signed_in, answer)

    db.session.expire_all()
    assert [lead.tags for lead in three] == [["vip"], [], []]
    assert len(history()) == 4


def test_a_tag_with_a_comma_is_taken_off_and_comes_back(signed_in: FlaskClient, three: list[Lead]) -> None:
    three[0].tags = ["rojo, azul"]
    db.session.commit()

    answer = change(signed_in, three, action="tag", remove="rojo, azul")
    db.session.expire_all()
    assert three[0].tags == []
    take_back(signed_in, answer)

    db.session.expire_all()
    assert three[0].tags == ["rojo, azul"]


def test_the_newest_conversation_of_each_is_given_away_and_comes_back(
    signed_in: FlaskClient, three: list[Lead], alice: User, bob: User
) -> None:
    other = Channel(phone_number_id="200000000000002", is_sandbox=True)
    db.session.add(other)
    db.session.flush()
    old = datetime.now(UTC) - timedelta(days=9)
    db.session.add(Conversation(channel_id=other.id, lead_id=three[0].id, last_message_at=old))
    mine = db.session.scalars(select(Conversation).filter_by(lead_id=three[1].id)).one()
    mine.assignee_id = bob.id
    db.session.commit()

    answer = change(signed_in, three[:2], action="assign", user_id=alice.id)

    assert "2 people given to Alice." in answer.text
    assert [(kind, old, new) for kind, old, new, *_ in history()] == [
        ("assigned", None, "Alice"),
        ("assigned", "Bob", "Alice"),
    ]
    take_back(signed_in, answer)
    owners = select(Conversation.assignee_id).order_by(Conversation.id)
    assert set(db.session.scalars(owners)) == {None, bob.id}
    db.session.expire_all()
    assert mine.assignee_id == bob.id


def test_who_has_no_conversation_cannot_be_given_away(signed_in: FlaskClient, alice: User) -> None:
    lead = Lead(phone_number="56900000777")
    db.session.add(lead)
    db.session.commit()

    answer = change(signed_in, [lead], action="assign", user_id=alice.id)

    assert (answer.status_code, history()) == (422, [])


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "status", "lead_status": "friend"},
        {"action": "tag"},
        {"action": "assign", "user_id": "999"},
        {"action": "assign", "user_id": "x"},
        {"action": "dance"},
        {"action": "status", "lead_status": "customer", "former": "x:unknown"},
        {"action": "assign", "former": "1:x"},
        {"action": "status", "lead_status": "customer", "ids": "99999999999999999999"},
        {"action": "status", "lead_status": "customer", "ids": ""},
    ],
)
def test_what_makes_no_sense_changes_nobody(
    signed_in: FlaskClient, three: list[Lead], fields: dict[str, str]
) -> None:
    answer = change(signed_in, three, **fields)

    assert answer.status_code == 422
    assert (statuses(three), history()) == (["unknown"] * 3, [])


def test_an_undo_to_a_status_that_never_was_changes_nobody(signed_in: FlaskClient, three: list[Lead]) -> None:
    former = f"{three[0].id}:friend"

    answer = change(signed_in, [], action="status", lead_status="unknown", former=former)

    assert (answer.status_code, statuses(three)) == (422, ["unknown"] * 3)


def test_one_who_is_gone_stops_it_for_all(signed_in: FlaskClient, three: list[Lead]) -> None:
    answer = change(signed_in, three, action="status", lead_status="customer", ids=f"{three[0].id},999999")

    assert answer.status_code == 422
    assert statuses(three) == ["unknown"] * 3


def test_the_tags_of_those_selected_are_offered(signed_in: FlaskClient, three: list[Lead]) -> None:
    three[0].tags = ["vip"]
    db.session.commit()

    menu = signed_in.get(f"/people/tags?ids={three[0].id}&ids={three[1].id}", headers=HTMX).text

    assert 'aria-pressed="mixed"' in menu


def test_a_stranger_changes_nobody(client: FlaskClient, three: list[Lead]) -> None:
    answer = change(client, three, action="status", lead_status="customer")

    assert answer.status_code == 401
    assert statuses(three) == ["unknown"] * 3
