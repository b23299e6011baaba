"""One person, however the number is written."""

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.finding import (
    conversation_of,
    find_lead,
    find_or_create_conversation,
    find_or_create_lead,
    parse_phone,
)
from kiaai.leads.pipeline import Actor
from kiaai.models import Channel, Conversation, Lead, LeadEvent, LeadIdentity

API = Actor("api")


@pytest.mark.parametrize("typed", ["56900000001", "+56 9 0000 0001", "+56-9-0000-0001", " 0056900000001 "])
def test_a_number_may_be_typed_in_many_ways(typed: str) -> None:
    assert parse_phone(typed) == "56900000001"


@pytest.mark.parametrize("typed", ["", "abc", "12345", "0900000001", "5" * 16, "569 0000 ٠٠٠١", "id:1"])
def test_what_is_no_number_is_refused_and_names_the_field(typed: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse_phone(typed, field="to")

    assert list(refused.value.fields) == ["to"]


@pytest.mark.parametrize("reference", ["56900000001", "+56 9 0000-0001", "0056900000001"])
def test_a_lead_is_found_by_its_number(dana: Conversation, reference: str) -> None:
    assert find_lead(reference) == dana.lead


def test_a_lead_is_found_by_id_and_by_business_scoped_id(dana: Conversation) -> None:
    db.session.add(LeadIdentity(kind="bsuid", value="CL.10000000000000000001", lead_id=dana.lead_id))

    assert find_lead(f"id:{dana.lead_id}") == dana.lead
    assert find_lead("CL.10000000000000000001") == dana.lead


@pytest.mark.parametrize("reference", ["", "id:", "id:x", "id:99999999999999999999", "56\x00", "%", "CL.2"])
def test_nothing_is_found_by_nonsense(dana: Conversation, reference: str) -> None:
    assert find_lead(reference) is None


def test_both_forms_of_a_brazilian_mobile_are_one_lead(app: Flask) -> None:
    first = find_or_create_lead("+55 11 9 8000 0001", actor=API)

    assert find_or_create_lead("551180000001", actor=API) == first
    assert find_lead("551180000001") == first


def test_a_row_without_identities_is_found_and_gets_one(app: Flask) -> None:
    lead = Lead(phone_number="56900000009")
    db.session.add(lead)
    db.session.flush()

    assert find_or_create_lead("+56900000009", actor=API) == lead
    assert db.session.scalars(select(LeadIdentity.lead_id)).one() == lead.id


def test_a_new_lead_starts_with_a_line_of_history(app: Flask) -> None:
    lead = find_or_create_lead("+56900000009", name="Eva", actor=API)

    events = db.session.scalars(select(LeadEvent).filter_by(lead_id=lead.id).order_by(LeadEvent.id)).all()
    assert (lead.phone_number, lead.customer_name) == ("56900000009", "Eva")
    assert [(event.kind, event.by) for event in events] == [("created", "api"), ("name", "api")]


def test_a_known_name_is_not_overwritten(dana: Conversation) -> None:
    assert find_or_create_lead("56900000001", name="Someone", actor=API).customer_name == "Dana Díaz"


def test_the_newest_conversation_is_taken_unless_a_channel_is_named(dana: Conversation) -> None:
    other = Channel(phone_number_id="200000000000002")
    db.session.add(other)
    db.session.flush()

    newer = find_or_create_conversation(dana.lead, other)

    assert conversation_of(dana.lead) == newer
    assert conversation_of(dana.lead, dana.channel) == dana
    assert find_or_create_conversation(dana.lead, dana.channel) == dana


@pytest.mark.committed
def test_two_at_once_make_one_lead_and_one_conversation(app: Flask, channel: Channel) -> None:
    channel_id, start, made = channel.id, threading.Barrier(6), []

    def create() -> None:
        with app.app_context():
            start.wait()
            lead = find_or_create_lead("56900000009", actor=API)
            made.append(find_or_create_conversation(lead, db.session.get_one(Channel, channel_id)).id)
            db.session.commit()

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 6 and len(set(made)) == 1
    assert db.session.scalar(select(func.count()).select_from(Lead)) == 1
