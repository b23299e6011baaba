"""Merging by hand: who may be the same person, what would come of it, the deed, and the way back."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from kiaai.extensions import db
from kiaai.leads.merging import merge
from kiaai.leads.pipeline import Actor
from kiaai.models import Channel, Conversation, Lead, LeadEvent, Merge, Message, NotDuplicate, User
from kiaai.models.numbers import readable
from tests.conftest import make_conversation
from tests.people import enter

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def signed_in(client: FlaskClient, bob: User) -> FlaskClient:
    enter(client, bob)
    return client


@pytest.fixture
def second(channel: Channel) -> Conversation:
    """The same mobile with the zero that is dialled at home."""
    return make_conversation(channel, "560900000001", "D. <b>Díaz</b>")


def posted(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data=fields, follow_redirects=True)


@pytest.mark.parametrize(
    "path",
    [
        "/people/duplicates",
        "/people/1/merge",
        "/people/1/merge/2",
    ],
)
def test_strangers_are_sent_to_sign_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/login")
    if path.endswith("2"):
        assert client.post(path).headers["Location"].startswith("/login")


def test_the_page_of_a_person_names_who_may_be_the_same(
    signed_in: FlaskClient, dana: Conversation, second: Conversation
) -> None:
    page = signed_in.get(f"/people/{dana.lead_id}").text

    assert "This may be the same person as" in page
    assert "D. &lt;b&gt;Díaz&lt;/b&gt;" in page
    assert f'href="/people/{dana.lead_id}/merge/{second.lead_id}"' in page


def test_duplicates_are_listed_and_explained(
    signed_in: FlaskClient, dana: Conversation, second: Conversation
) -> None:
    page = signed_in.get("/people/duplicates").text

    assert "Nearly the same number" in page
    assert f'href="/people/{dana.lead_id}/merge/{second.lead_id}"' in page
    assert 'href="/people/duplicates"' in signed_in.get("/people").text


def test_without_duplicates_the_list_says_so(signed_in: FlaskClient, dana: Conversation) -> None:
    assert "Nobody seems to be here twice" in signed_in.get("/people/duplicates").text


def test_the_other_one_is_found_by_name_or_number(
    signed_in: FlaskClient, dana: Conversation, second: Conversation
) -> None:
    page = signed_in.get(f"/people/{dana.lead_id}/merge?q=D").text

    assert f'href="/people/{dana.lead_id}/merge/{second.lead_id}"' in page
    assert f"merge/{dana.lead_id}" not in page


def test_the_preview_shows_both_and_what_comes_of_it(
    signed_in: FlaskClient, dana: Conversation, second: Conversation
) -> None:
    dana.lead.notes, second.lead.notes = "Wants tiles", "Pays cash"
    db.session.add(Message(conversation_id=second.id, text="Hola"))
    db.session.commit()

    page = signed_in.get(f"/people/{dana.lead_id}/merge/{second.lead_id}").text

    assert "1 message, with its files and answers" in page
    assert "Answers go to +56 900000001, as now." in page
    assert page.count("Pays cash") == 2  # as it is, and in what comes of it
    assert db.session.scalar(select(Merge)) is None


def test_merging_and_taking_it_back(
    signed_in: FlaskClient, dana: Conversation, second: Conversation, bob: User
) -> None:
    keep, other, bob_id = dana.lead_id, second.lead_id, bob.id

    page = posted(signed_in, f"/people/{keep}/merge/{other}").text
    row = db.session.scalars(select(Merge)).one()
    events = [(event.kind, event.by, event.user_id) for event in db.session.scalars(select(LeadEvent))]

    assert "They are one person now." in page
    assert "is part of this person" in page
    assert "You merged D. &lt;b&gt;" in page
    assert events == [("merged", "user", bob_id)]

    undone = posted(signed_in, f"/people/{keep}/merges/{row.id}/undo").text
    assert "They are two people again." in undone
    assert "You parted this person and D. &lt;b&gt;" in undone
    assert db.session.get(Lead, other) is not None


def test_old_addresses_lead_to_who_was_kept(
    signed_in: FlaskClient, dana: Conversation, second: Conversation
) -> None:
    old, old_talk = second.lead_id, second.id
    merge(dana.lead, second.lead, Actor("system"))
    db.session.commit()

    person = signed_in.get(f"/people/{old}")
    talk = signed_in.get(f"/inbox/conversations/{old_talk}")
    poll = signed_in.get(f"/inbox/conversations/{old_talk}/messages", headers=HTMX)
    said = signed_in.post(f"/inbox/conversations/{old_talk}/messages", data={"message": "Hi"}, headers=HTMX)

    assert (person.status_code, person.location) == (303, f"/people/{dana.lead_id}")
    assert (talk.status_code, talk.location) == (303, f"/inbox/conversations/{dana.id}")
    assert poll.headers["HX-Redirect"] == f"/inbox/conversations/{dana.id}"
    # What was written for the one is not sent in the other unseen.
    assert said.headers["HX-Redirect"] == f"/inbox/conversations/{dana.id}"
    assert db.session.scalar(select(Message)) is None


def test_a_merge_that_cannot_be_now_says_why(
    signed_in: FlaskClient, dana: Conversation, second: Conversation
) -> None:
    db.session.add(Message(conversation_id=second.id, direction="outgoing", author="user", status="sending"))
    db.session.commit()

    answer = signed_in.post(f"/people/{dana.lead_id}/merge/{second.lead_id}")

    assert answer.status_code == 422
    assert "A message is just going out. Try again in a moment." in answer.text


@pytest.mark.parametrize("where", ["person", "duplicates"])
def test_two_people_are_two_until_that_is_taken_back(
    signed_in: FlaskClient, dana: Conversation, second: Conversation, where: str
) -> None:
    path = f"/people/{dana.lead_id}/different/{second.lead_id}"

    page = posted(signed_in, path, **{"from": where}).text
    noted = db.session.scalars(select(NotDuplicate)).one_or_none()
    back = posted(signed_in, f"{path}/undo", **{"from": where}).text

    assert f"{path}/undo" in page
    assert "Compare" not in page
    assert noted is not None
    assert "Compare" in back
    assert db.session.scalar(select(NotDuplicate)) is None


@pytest.mark.parametrize(
    "path",
    [
        "/people/{dana}/merge/999999",
        "/people/999999/merge/{dana}",
        "/people/{dana}/merge/{dana}",
        "/people/{dana}/merge/9999999999999999999",
    ],
)
def test_nobody_and_oneself_are_404(signed_in: FlaskClient, dana: Conversation, path: str) -> None:
    assert signed_in.get(path.format(dana=dana.lead_id)).status_code == 404


@pytest.mark.parametrize("merge_id", [999, 9999999999999999999])
def test_the_merge_of_somebody_else_is_404(signed_in: FlaskClient, dana: Conversation, merge_id: int) -> None:
    assert signed_in.post(f"/people/{dana.lead_id}/merges/{merge_id}/undo").status_code == 404


@pytest.mark.parametrize("pair", ["", "x", "1", "1-2-3", "0-0", "²-1"])
def test_odd_addresses_do_no_harm(signed_in: FlaskClient, dana: Conversation, pair: str) -> None:
    assert signed_in.get(f"/people/{dana.lead_id}?different={pair}").status_code == 200
    assert signed_in.get(f"/people/duplicates?different={pair}").status_code == 200


@pytest.mark.parametrize(
    "path", ["different/{big}/undo", "different/{big}", "merge/{big}", "merges/{big}/undo"]
)
def test_an_id_that_no_column_holds_is_nobodys(signed_in: FlaskClient, dana: Conversation, path: str) -> None:
    address = f"/people/{dana.lead_id}/{path.format(big=10**30)}"

    assert signed_in.post(address).status_code == 404


def test_an_open_conversation_says_which_number_answers_go_to(
    signed_in: FlaskClient, dana: Conversation, second: Conversation
) -> None:
    merge(dana.lead, second.lead, Actor("user"))
    dana.answers_to = "560900000001"
    db.session.commit()

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert "Answers go to" in page
    assert readable("560900000001") in page


def test_nothing_is_said_of_answers_where_they_go_to_the_number_shown(
    signed_in: FlaskClient, dana: Conversation
) -> None:
    assert "Answers go to" not in signed_in.get(f"/inbox/conversations/{dana.id}").text
