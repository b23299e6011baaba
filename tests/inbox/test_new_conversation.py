"""A conversation with any number: checked as typed, opened once, and what the window allows said plainly."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Lead, LeadEvent, User
from tests.inbox.conftest import HTMX, Say
from tests.people import enter

CHECK, START = "/inbox/new-conversation", "/inbox/conversations"
NEW = "+56 9 0000 0123"


def check(client: FlaskClient, number: str) -> str:
    return client.get(CHECK, query_string={"number": number}, headers=HTMX).text


def test_a_number_is_formatted_with_its_country(signed_in: FlaskClient, channel: Channel) -> None:
    said = check(signed_in, "0056 (9) 8765-4321")

    assert "+56 9 8765 4321" in said and "Chile" in said
    assert "only with an approved template" in said


@pytest.mark.parametrize("typed", ["", "+", "+56", "hola", "0"])
def test_a_number_that_is_not_complete_yet_is_no_mistake(
    signed_in: FlaskClient, channel: Channel, typed: str
) -> None:
    said = check(signed_in, typed)

    assert "country code" in said and "form-error" not in said


def test_a_number_of_odd_length_is_doubted_and_not_refused(signed_in: FlaskClient, channel: Channel) -> None:
    assert "another length" in check(signed_in, "+56 9 0000 0000 1234")


def test_somebody_known_is_named_with_what_the_window_allows(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    number = f"+{dana.lead.phone_number}"
    before = check(signed_in, number)
    say(dana)
    during = check(signed_in, number)
    dana.last_inbound_at = datetime.now(UTC) - timedelta(days=2)
    db.session.commit()
    after = check(signed_in, number)

    assert "Dana Díaz" in before and "have not written to you yet" in before
    assert "You can write freely until" in during
    assert "more than 24 hours ago" in after


def test_it_opens_a_conversation_with_a_new_person_once(
    signed_in: FlaskClient, channel: Channel, bob: User
) -> None:
    form = {"number": NEW, "name": " Elena "}

    first, second = (signed_in.post(START, data=form, headers=HTMX) for _ in range(2))

    conversation = db.session.scalars(select(Conversation)).one()
    assert (first.status_code, second.status_code) == (200, 200)
    assert f'data-conversation="{conversation.id}"' in first.text
    assert first.headers["HX-Push-Url"] == f"/inbox/conversations/{conversation.id}"
    assert first.headers["HX-Trigger"] == "conversations-changed"
    assert (conversation.lead.phone_number, conversation.lead.customer_name) == ("56900000123", "Elena")
    created = db.session.scalars(select(LeadEvent).where(LeadEvent.kind == "created")).one()
    assert (created.by, created.user_id) == ("user", bob.id)


def test_somebody_known_keeps_name_and_conversation(signed_in: FlaskClient, dana: Conversation) -> None:
    answer = signed_in.post(
        START, data={"number": f"+{dana.lead.phone_number}", "name": "Otra"}, headers=HTMX
    )

    assert f'data-conversation="{dana.id}"' in answer.text
    assert dana.lead.customer_name == "Dana Díaz"
    assert db.session.scalar(select(func.count()).select_from(Conversation)) == 1


@pytest.mark.parametrize("number", ["", "hola", "+56 9", "9" * 30])
def test_a_wrong_number_is_told_and_makes_nothing(
    signed_in: FlaskClient, channel: Channel, number: str
) -> None:
    answer = signed_in.post(START, data={"number": number}, headers=HTMX)

    assert answer.status_code == 422 and "country code" in answer.text
    assert db.session.scalar(select(func.count()).select_from(Lead)) == 0


def test_without_a_script_the_form_leads_to_the_conversation(
    signed_in: FlaskClient, channel: Channel
) -> None:
    answer = signed_in.post(START, data={"number": NEW})

    conversation = db.session.scalars(select(Conversation)).one()
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/inbox/conversations/{conversation.id}",
    )


def test_who_left_starts_nothing(client: FlaskClient, channel: Channel, carol: User) -> None:
    enter(client, carol)

    assert client.post(START, data={"number": NEW}).status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Lead)) == 0
