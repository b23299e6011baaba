"""Whatever happens is written down in its own transaction for those who want to know, and for nobody else."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from kiaai import clock
from kiaai.api.schemas import EventShape, LeadShape, MessageShape
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.ownership import hand_back, take_over
from kiaai.extensions import db
from kiaai.hooks.bodies import envelope
from kiaai.hooks.webhooks import create_webhook
from kiaai.inbox.assigning import assign
from kiaai.inbox.erasing import erase
from kiaai.leads.pipeline import Actor, rename, set_status
from kiaai.models import Conversation, Message, OutgoingWebhook, User
from tests.conftest import Signed
from tests.hooks.conftest import told


@pytest.fixture
def fresh(client: FlaskClient, signed: Signed, webhook: OutgoingWebhook, dana: Conversation) -> None:
    """Dana writes, now."""
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value("56900000001", "wamid.H1")}]}],
    }
    assert client.post("/webhook", **signed(json.dumps(body).encode())).status_code == 200


def value(wa_id: str, wamid: str) -> dict[str, object]:
    at = str(int(clock.now().timestamp()))
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "56221110000", "phone_number_id": "200000000000001"},
        "contacts": [{"profile": {"name": "Dana"}, "wa_id": wa_id}],
        "messages": [
            {"from": wa_id, "id": wamid, "timestamp": at, "type": "text", "text": {"body": "¿Abren hoy?"}}
        ],
    }


def outgoing(conversation: Conversation) -> Message:
    conversation.last_inbound_at = clock.now()
    message = queue_message(conversation, Sender("api"), text="Hola")
    db.session.commit()
    return message


def move(message: Message, status: str, **more: object) -> None:
    message.status = status
    for name, content in more.items():
        setattr(message, name, content)
    db.session.commit()


@pytest.mark.usefixtures("fresh")
def test_a_message_that_comes_in_is_told_as_the_api_tells_it() -> None:
    (delivery,) = told("message.received")

    message = delivery.payload["message"]
    assert set(message) == set(MessageShape().fields)
    assert (message["message_text"], message["message_id"], message["status"]) == (
        "¿Abren hoy?",
        "wamid.H1",
        "received",
    )
    assert message["timestamp"].endswith(".000Z")
    assert delivery.payload["conversation"]["phone_number"] == "56900000001"
    assert (delivery.state, delivery.tries) == ("due", 0)


@pytest.mark.usefixtures("fresh")
def test_a_message_that_whatsapp_repeats_is_told_once(client: FlaskClient, signed: Signed) -> None:
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value("56900000001", "wamid.H1")}]}],
    }

    client.post("/webhook", **signed(json.dumps(body).encode()))

    assert len(told("message.received")) == 1


def test_nothing_is_written_while_nobody_listens(dana: Conversation, alice: User) -> None:
    message = outgoing(dana)

    move(message, "sent")
    set_status(dana.lead, "customer", Actor("user", alice.id))
    take_over(dana, alice.id)
    db.session.commit()

    assert told() == []


def test_a_paused_webhook_and_one_for_other_events_are_not_told(
    webhook: OutgoingWebhook, dana: Conversation
) -> None:
    create_webhook("https://93.184.216.34/", ["conversation.assigned"])
    webhook.events = ["lead.changed"]
    move(outgoing(dana), "sent")
    webhook.is_active = False
    rename(dana.lead, "Dana D.", Actor("api"))
    db.session.commit()

    assert told() == []


def test_each_status_that_a_message_reaches_is_told(webhook: OutgoingWebhook, dana: Conversation) -> None:
    message = outgoing(dana)

    for status in ("sending", "sent", "delivered", "delivered", "read"):
        move(message, status)

    statuses = [row.payload["message"]["status"] for row in told("message.status")]
    assert statuses == ["sent", "delivered", "read"]


def test_a_failed_message_is_told_with_what_to_do(webhook: OutgoingWebhook, dana: Conversation) -> None:
    move(outgoing(dana), "failed", error_code=131047, error_text="Re-engagement message")

    (row,) = told("message.status")
    error = envelope(row.event, row.key, row.created_at, row.payload)["data"]["message"]["error"]
    assert (error["code"], error["message"]) == (131047, "Re-engagement message")
    assert error["title"] and error["next_step"]


def test_a_changed_lead_is_told_as_it_is_afterwards(
    webhook: OutgoingWebhook, dana: Conversation, alice: User
) -> None:
    set_status(dana.lead, "customer", Actor("user", alice.id), notes="Pays at once")
    db.session.commit()

    status, notes = told("lead.changed")
    assert set(status.payload["lead"]) == set(LeadShape().fields)
    assert set(status.payload["change"]) == set(EventShape().fields)
    assert (status.payload["lead"]["lead_status"], status.payload["lead"]["notes"]) == (
        "customer",
        "Pays at once",
    )
    assert (status.payload["change"]["old"], status.payload["change"]["by_name"]) == ("unknown", "Alice")
    assert notes.payload["change"]["kind"] == "notes"


def test_who_has_a_conversation_is_told(
    webhook: OutgoingWebhook, dana: Conversation, alice: User, bob: User
) -> None:
    assign(dana, bob.id, Actor("user", alice.id))
    db.session.commit()
    first = told("conversation.assigned")[-1].payload
    hand_back(dana, alice.id)
    db.session.commit()
    last = told("conversation.assigned")[-1].payload

    assert first["conversation"]["assignee"] == {"id": bob.id, "name": "Bob"}
    assert (last["change"]["kind"], last["conversation"]["assignee"]) == ("handed_back", None)


def test_what_is_rolled_back_is_not_told(webhook: OutgoingWebhook, dana: Conversation) -> None:
    message = outgoing(dana)
    message.status = "sent"
    db.session.flush()
    db.session.rollback()

    assert told() == []


@pytest.mark.usefixtures("fresh")
def test_deleted_words_are_deleted_here_too(dana: Conversation, alice: User) -> None:
    erase(dana, alice.id)
    db.session.commit()

    (row,) = told("message.received")
    assert row.payload["message"]["message_text"] is None


def test_the_history_of_a_number_is_no_news(webhook: OutgoingWebhook, dana: Conversation) -> None:
    week_ago = clock.now() - timedelta(days=8)
    db.session.add(Message(conversation_id=dana.id, webhook_event_id=1, timestamp=week_ago))
    db.session.add(Message(conversation_id=dana.id, text="imported"))
    db.session.commit()

    assert told() == []
