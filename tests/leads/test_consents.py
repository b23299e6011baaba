"""What people agreed to: dated facts, of which the newest counts, and whom it keeps quiet."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from kiaai import clock
from kiaai.bot.manager import ConversationManager
from kiaai.config import Settings
from kiaai.delivery.claiming import claim_head
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.consents import agree, facts_of, lock_for_consent, refuse
from kiaai.leads.pipeline import Actor
from kiaai.models import Consent, Conversation, LeadEvent, Message, User
from tests.conftest import Signed
from tests.people import enter

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
PERSON = Actor("system")


def test_the_newest_fact_counts_whatever_comes_first(dana: Conversation) -> None:
    lead = lock_for_consent(dana.lead_id)

    refuse(lead, NOON + timedelta(hours=1), by=PERSON)
    agree(lead, NOON, by=PERSON)

    assert lead.opted_out_at == NOON + timedelta(hours=1)
    assert [fact.consent.kind for fact in facts_of(lead.id)] == ["opt_out", "opt_in"]


def test_the_same_fact_twice_is_one(dana: Conversation) -> None:
    lead = lock_for_consent(dana.lead_id)

    assert [refuse(lead, NOON, by=PERSON) for _ in range(2)] == [True, False]

    assert len(facts_of(lead.id)) == 1
    assert list(db.session.scalars(select(LeadEvent.kind))) == ["opted_out"]


@pytest.mark.parametrize("is_refused_first", [False, True])
def test_of_two_words_of_one_moment_silence_counts(dana: Conversation, is_refused_first: bool) -> None:
    lead = lock_for_consent(dana.lead_id)

    for keep in (refuse, agree) if is_refused_first else (agree, refuse):
        keep(lead, NOON, by=PERSON)

    assert lead.opted_out_at == NOON


@pytest.mark.parametrize("said_at", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_zone_can_show_is_refused(
    client: FlaskClient, dana: Conversation, alice: User, said_at: str
) -> None:
    enter(client, alice)
    lead_id = dana.lead_id

    answer = client.post("/leads/56900000001/consents", json={"kind": "opt_out", "said_at": said_at})

    assert (answer.status_code, "said_at" in answer.text) == (422, True)
    assert client.get(f"/people/{lead_id}").status_code == 200


def test_a_wrong_entry_is_set_right_by_a_newer_one(dana: Conversation) -> None:
    lead = lock_for_consent(dana.lead_id)
    refuse(lead, NOON, by=PERSON)

    agree(lead, NOON + timedelta(minutes=1), by=PERSON, note="Said on the phone")

    assert lead.opted_out_at is None
    assert [fact.consent.note for fact in facts_of(lead.id)] == ["Said on the phone", ""]


def test_every_conversation_notices(dana: Conversation) -> None:
    before = dana.version
    lead = lock_for_consent(dana.lead_id)

    refuse(lead, NOON, by=PERSON)
    db.session.refresh(dana)

    assert dana.version == before + 1


def test_what_is_yet_to_happen_is_no_fact(dana: Conversation) -> None:
    with pytest.raises(ValidationFailed) as refused:
        refuse(lock_for_consent(dana.lead_id), clock.now() + timedelta(hours=1), by=PERSON)

    assert list(refused.value.fields) == ["said_at"]


def test_an_opted_out_person_gets_no_campaign_and_no_template(dana: Conversation) -> None:
    dana.last_inbound_at = clock.now()
    refuse(lock_for_consent(dana.lead_id), NOON, by=PERSON)

    for author, kind in (("campaign", "text"), ("user", "template"), ("api", "template")):
        with pytest.raises(ValidationFailed) as refused:
            queue_message(dana, Sender(author), text="Oferta", kind=kind)
        assert refused.value.code == "opted_out"


def test_people_still_answer_an_opted_out_person_inside_the_window(dana: Conversation, bob: User) -> None:
    dana.last_inbound_at = clock.now()
    refuse(lock_for_consent(dana.lead_id), NOON, by=PERSON)

    assert queue_message(dana, Sender("user", bob.id), text="Sí, claro").status == "queued"


def test_the_composer_warns_calmly(client: FlaskClient, dana: Conversation, bob: User) -> None:
    enter(client, bob)
    dana.last_inbound_at = clock.now()
    db.session.commit()
    warning = "They asked for no more messages."
    assert warning not in client.get(f"/inbox/conversations/{dana.id}").text

    refuse(lock_for_consent(dana.lead_id), NOON, by=PERSON)
    db.session.commit()

    assert warning in client.get(f"/inbox/conversations/{dana.id}").text
    spanish = client.get(f"/inbox/conversations/{dana.id}", headers={"Accept-Language": "es"}).text
    assert "Pidió no recibir más mensajes." in spanish


def test_a_stop_in_whatsapps_menu_is_a_fact(client: FlaskClient, dana: Conversation, signed: Signed) -> None:
    at = int(NOON.timestamp())

    for choice, when in (("stop", at), ("resume", at + 60), ("stop", at + 30)):
        client.post("/webhook", **signed(_preference(choice, when)))

    db.session.expire_all()
    assert dana.lead.opted_out_at is None
    facts = [(fact.consent.kind, fact.consent.by) for fact in facts_of(dana.lead_id)]
    assert facts == [("opt_in", "customer"), ("opt_out", "customer"), ("opt_out", "customer")]


def test_a_person_writes_down_what_was_said_on_the_phone(
    client: FlaskClient, dana: Conversation, bob: User
) -> None:
    enter(client, bob)
    address = f"/people/{dana.lead_id}/consents"

    client.post(address, data={"kind": "opt_out", "note": "Lo dijo por teléfono"})
    page = client.get(f"/people/{dana.lead_id}").text

    assert "Lo dijo por teléfono" in page
    assert "Written down by Bob" in page
    fact = db.session.scalars(select(Consent)).one()
    assert (fact.kind, fact.by, fact.user_id) == ("opt_out", "user", bob.id)


def test_a_fact_leads_to_the_message_that_said_it(client: FlaskClient, dana: Conversation, bob: User) -> None:
    enter(client, bob)
    message = Message(conversation_id=dana.id, text="BAJA", message_id="wamid.KIACONSENT1")
    db.session.add(message)
    db.session.flush()
    refuse(lock_for_consent(dana.lead_id), NOON, by=Actor("customer"), message_id=message.id)
    db.session.commit()

    page = client.get(f"/people/{dana.lead_id}").text

    assert f"/inbox/conversations/{dana.id}?message={message.id}#message-{message.id}" in page


def test_a_note_is_text_whatever_it_holds(client: FlaskClient, dana: Conversation, bob: User) -> None:
    enter(client, bob)

    client.post(f"/people/{dana.lead_id}/consents", data={"kind": "opt_in", "note": "<b>hola</b>"})

    assert "<b>hola</b>" not in client.get(f"/people/{dana.lead_id}").text


def test_a_note_that_is_too_long_is_refused(client: FlaskClient, dana: Conversation, bob: User) -> None:
    enter(client, bob)

    answer = client.post(f"/people/{dana.lead_id}/consents", data={"kind": "opt_in", "note": "x" * 501})

    assert (answer.status_code, len(facts_of(dana.lead_id))) == (422, 0)


def test_strangers_write_nothing_down(client: FlaskClient, dana: Conversation) -> None:
    client.post(f"/people/{dana.lead_id}/consents", data={"kind": "opt_out"})

    assert not facts_of(dana.lead_id)


def test_what_was_known_before_becomes_facts_once(app: Flask, dana: Conversation) -> None:
    statement = _migration_statement()
    dana.lead.opted_out_at = dana.lead.consent_at = NOON
    db.session.commit()

    for _ in range(2):
        db.session.execute(text(statement))

    kinds = [(f.consent.kind, f.consent.said_at, f.consent.by) for f in facts_of(dana.lead_id)]
    assert kinds == [("opt_out", NOON, "system")]


def _migration_statement() -> str:
    import importlib.util

    path = "migrations/versions/0004_care_for_leads_and_teach_the_bot.py"
    spec = importlib.util.spec_from_file_location("migration_0004", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module._FACTS_OF_CONSENT)


def _preference(choice: str, at: int) -> bytes:
    preference = {"wa_id": "56900000001", "category": "marketing_messages", "value": choice, "timestamp": at}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "56221110000", "phone_number_id": "200000000000001"},
        "contacts": [{"profile": {"name": "Dana"}, "wa_id": "56900000001"}],
        "user_preferences": [preference],
    }
    change = {"field": "user_preferences", "value": value}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "100000000000001", "changes": [change]}]}
    return json.dumps(body).encode()


def test_what_was_queued_before_a_stop_is_cancelled_when_its_turn_comes(dana: Conversation) -> None:
    dana.last_inbound_at = clock.now()
    template = queue_message(dana, Sender("api"), kind="template", payload={"template": {"name": "oferta"}})
    refuse(lock_for_consent(dana.lead_id), clock.now(), by=PERSON)
    db.session.commit()

    claim_head(dana.id, uuid4())

    db.session.refresh(template)
    assert template.status == "cancelled"


@pytest.mark.parametrize(("words", "kind"), [("BAJA", "opt_out"), ("STOP", "opt_out")])
def test_a_stop_in_words_is_a_fact_with_its_message_also_when_the_window_is_closed(
    settings: Settings, dana: Conversation, words: str, kind: str
) -> None:
    said = [
        Message(conversation_id=dana.id, text=text, message_id=f"wamid.KIA.{text}", timestamp=at)
        for text, at in ((words, NOON), ("gracias", NOON + timedelta(seconds=5)))
    ]
    db.session.add_all(said)
    dana.bot_due_at = NOON
    db.session.commit()
    lead_id = dana.lead_id

    ConversationManager(settings).turn(dana.id)

    (fact,) = facts_of(lead_id)
    assert fact.message is not None and fact.message.text == words
    assert (fact.consent.kind, fact.consent.by, fact.consent.said_at) == (kind, "customer", NOON)


def test_an_opted_out_person_gets_no_bot(settings: Settings, dana: Conversation) -> None:
    refuse(lock_for_consent(dana.lead_id), NOON, by=PERSON)
    db.session.add(Message(conversation_id=dana.id, text="¿Abren hoy?", message_id="wamid.KIAOUT1"))
    dana.bot_due_at, dana.last_inbound_at = clock.now() - timedelta(seconds=1), clock.now()
    db.session.commit()

    ConversationManager(settings).turn(dana.id)

    assert not db.session.scalars(select(Message).where(Message.author == "bot")).all()
