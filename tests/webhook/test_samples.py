"""Every sample body of WhatsApp: what a person sees in the thread afterwards."""

import json
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Lead, Message, OrphanReceipt, WebhookEvent
from tests.conftest import Signed
from tests.samples import NAMES, payload


@dataclass(frozen=True)
class Seen:
    """What a thread shows of one sample: kind, text, the list's preview, and who said it."""

    kind: str
    text: str | None
    preview: str
    author: str = "customer"
    unread: int = 1
    name: str | None = "Ana Prueba"


IN_THREAD = {
    "in-text": Seen("text", "Hola, ¿tienen hora mañana? 👋", "Hola, ¿tienen hora mañana? 👋"),
    "in-text-reply-context": Seen("text", "Sí, esa me sirve", "Sí, esa me sirve"),
    "in-text-forwarded": Seen("text", "Mira esta promo", "Mira esta promo"),
    "in-text-frequently-forwarded": Seen("text", "Cadena reenviada", "Cadena reenviada"),
    "in-text-referral-ctwa-ad": Seen("text", "Quiero más información", "Quiero más información"),
    "in-text-referred-product": Seen("text", "¿Queda stock?", "¿Queda stock?"),
    "in-image-caption": Seen("image", "Así quedó", "📷 Así quedó"),
    "in-video": Seen("video", None, "🎬 Video"),
    "in-audio-voice-note": Seen("audio", None, "🎤 Voice message"),
    "in-audio-file": Seen("audio", None, "🎵 Audio"),
    "in-document": Seen("document", "Mi cotización", "📄 cotizacion ñandú.pdf"),
    "in-sticker-animated": Seen("sticker", None, "🌟 Sticker"),
    "in-location": Seen(
        "location",
        "Plaza de prueba\nCalle Ficticia 123, Santiago",
        "📍 Plaza de prueba Calle Ficticia 123, Santiago",
    ),
    "in-contacts": Seen("contacts", "Beto Demo: +56 9 0000 0002", "👤 Beto Demo: +56 9 0000 0002"),
    "in-contacts-shared-own-number-bsuid": Seen(
        "contacts", "Ana Prueba: +56900000001", "👤 Ana Prueba: +56900000001"
    ),
    "in-template-quick-reply-button": Seen("button", "Confirmar", "Confirmar"),
    "in-interactive-button-reply": Seen("interactive", "Hablar con alguien", "Hablar con alguien"),
    "in-interactive-list-reply": Seen("interactive", "10:30\nMartes 24", "10:30 Martes 24"),
    "in-interactive-flow-nfm-reply": Seen(
        "interactive", "email: ana@demo.example\nconsent: yes", "email: ana@demo.example consent: yes"
    ),
    "in-order": Seen(
        "order",
        "2 × SKU-001 (12990 CLP)\n1 × SKU-002 (4990 CLP)\nSin cebolla",
        "🛒 2 × SKU-001 (12990 CLP) 1 × SKU-002 (4990 CLP) Sin cebolla",
    ),
    "in-reaction": Seen("reaction", "👍", "👍 Reaction", unread=0),
    "in-reaction-removed": Seen("reaction", None, "Reaction removed", unread=0),
    "in-system-number-changed": Seen(
        "system",
        "User Ana Prueba changed from 56900000001 to 56900000002",
        "User Ana Prueba changed from 56900000001 to 56900000002",
        unread=0,
        name=None,
    ),
    "in-system-user-id-changed-bsuid": Seen(
        "system",
        "User Ana Prueba changed from CL.10000000000000000001 to CL.10000000000000000002",
        "User Ana Prueba changed from CL.10000000000000000001 to CL.10000000000000000002",
        unread=0,
        name=None,
    ),
    "in-unsupported-poll": Seen("unsupported", None, "Unsupported message: poll"),
    "in-username-only-no-phone-bsuid": Seen(
        "text", "Hola, les escribo sin mostrar mi número", "Hola, les escribo sin mostrar mi número"
    ),
    "in-edit-coexistence": Seen(
        "edit", "Hola, ¿tienen hora el jueves?", "✏️ Hola, ¿tienen hora el jueves?", unread=0
    ),
    "in-revoke-coexistence": Seen("revoke", None, "🚫 Deleted message", unread=0),
    "signature-vector-escaped-unicode": Seen("text", "Canción ñandú äöå 👋 a/b", "Canción ñandú äöå 👋 a/b"),
    "smb-message-echo-text": Seen(
        "text", "Te respondo desde el teléfono", "Te respondo desde el teléfono", author="phone", unread=0
    ),
}


@pytest.mark.parametrize("name", IN_THREAD)
def test_a_sample_is_seen_in_the_thread(
    name: str, client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    answer = client.post("/webhook", **signed(payload(f"{name}.json")))

    message = db.session.scalars(select(Message)).one()
    conversation = db.session.scalars(select(Conversation)).one()
    seen = Seen(
        message.kind,
        message.text,
        conversation.last_message_preview,
        message.author,
        conversation.unread_count,
        conversation.lead.customer_name,
    )
    assert answer.status_code == 200
    assert seen == IN_THREAD[name]
    assert db.session.scalars(select(WebhookEvent.outcome)).one() == "applied"


# Statuses of messages that this database does not know: kept until their message is known.
ORPHANED = {
    "status-delivered": "delivered",
    "status-delivered-legacy-cbp": "delivered",
    "status-delivered-service-free": "delivered",
    "status-failed-131026-undeliverable": "failed",
    "status-failed-131047-window-closed": "failed",
    "status-failed-131049-ecosystem": "failed",
    "status-failed-132015-held-then-dropped": "failed",
    "status-played-voice": "played",
    "status-read": "read",
    "status-sent-template": "sent",
    "status-sent-with-conversation-free-entry-point": "sent",
}


@pytest.mark.parametrize("name", ORPHANED)
def test_a_status_of_an_unknown_message_is_kept(
    name: str, client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    answer = client.post("/webhook", **signed(payload(name)))

    assert answer.status_code == 200
    assert db.session.scalars(select(OrphanReceipt.status)).all() == [ORPHANED[name]]
    assert db.session.scalars(select(Message)).all() == []


@pytest.mark.parametrize("name", ORPHANED)
def test_a_status_is_seen_on_its_message(
    name: str, client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    wamid = json.loads(payload(name))["entry"][0]["changes"][0]["value"]["statuses"][0]["id"]
    message = Message(conversation_id=dana.id, direction="outgoing", status="sent", message_id=wamid)
    db.session.add(message)
    db.session.commit()

    client.post("/webhook", **signed(payload(name)))

    db.session.refresh(message)
    assert message.status == ORPHANED[name]
    assert bool(message.error_code) == (message.status == "failed")
    assert db.session.scalars(select(OrphanReceipt)).all() == []


# News that changes no thread: in the journal, with a word about what it was.
NO_THREAD = {
    "account-alerts": "account_alerts",
    "account-update-disabled": "account_update: DISABLED_UPDATE",
    "account-update-restriction": "account_update: ACCOUNT_RESTRICTION",
    "business-capability-update": "business_capability_update",
    "phone-number-quality-update-throughput": "phone_number_quality_update: THROUGHPUT_UPGRADE",
    "smb-app-state-sync": None,
    "template-category-update": "template_category_update",
    "template-quality-update": "message_template_quality_update",
    "template-status-approved": "message_template_status_update: APPROVED",
    "template-status-paused": "message_template_status_update: PAUSED",
    "template-status-rejected": "message_template_status_update: REJECTED",
    "unknown-field-future": "unknown field some_future_field",
}


@pytest.mark.parametrize("name", NO_THREAD)
def test_news_without_a_thread_stays_in_the_journal(
    name: str, client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    answer = client.post("/webhook", **signed(payload(name)))

    event = db.session.scalars(select(WebhookEvent)).one()
    assert answer.status_code == 200
    assert (event.outcome, event.error, event.body) == ("applied", NO_THREAD[name], payload(name))
    assert db.session.scalars(select(Conversation)).all() == []


def test_an_error_of_the_whole_value_stays_in_the_journal_with_its_code(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("value-level-error")))

    event = db.session.scalars(select(WebhookEvent)).one()
    assert event.outcome == "applied"
    assert "130429" in (event.error or "")


def test_a_batch_is_sorted_and_its_duplicate_counts_once(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("batch-mixed-out-of-order-with-duplicate")))

    in_order = select(Message.text).order_by(Message.timestamp, Message.id)
    assert db.session.scalars(in_order).all() == [
        "primero (timestamp menor, llega después)",
        "segundo",
        "otro contacto",
    ]
    shown = select(Conversation.last_message_preview, Conversation.unread_count).order_by(Conversation.id)
    assert db.session.execute(shown).all() == [("segundo", 2), ("otro contacto", 1)]
    assert set(db.session.scalars(select(OrphanReceipt.status))) == {"sent", "read"}


def test_history_fills_the_thread_without_bell_bot_or_window(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("history-chunk")))

    conversation = db.session.scalars(select(Conversation)).one()
    rows = select(Message.direction, Message.kind, Message.text, Message.status).order_by(Message.timestamp)
    assert db.session.execute(rows).all() == [
        ("outgoing", "text", "Bienvenida", "read"),
        ("incoming", "media_placeholder", None, "received"),
    ]
    assert (conversation.unread_count, conversation.last_inbound_at, conversation.bot_due_at) == (
        0,
        None,
        None,
    )


def test_a_stop_in_whatsapps_menu_is_consent_withdrawn_and_a_resume_gives_it_back(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("user-preferences-marketing-stop")))
    lead = db.session.scalars(select(Lead)).one()
    assert lead.opted_out_at is not None

    client.post("/webhook", **signed(payload("user-preferences-marketing-resume")))
    client.post("/webhook", **signed(payload("user-preferences-marketing-stop")))

    db.session.refresh(lead)
    assert lead.opted_out_at is None


def test_a_new_number_belongs_to_the_same_person(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("in-text")))

    client.post("/webhook", **signed(payload("in-system-number-changed")))

    lead = db.session.scalars(select(Lead)).one()
    assert lead.phone_number == "56900000002"
    assert ("wa_id", "56900000002") in {(i.kind, i.value) for i in lead.identities}


def test_an_edit_changes_the_message_and_a_deletion_marks_it(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    for name in ("in-text", "in-edit-coexistence", "in-revoke-coexistence"):
        client.post("/webhook", **signed(payload(name)))

    message = db.session.scalars(select(Message).where(Message.message_id == "wamid.KIA0001AAAA")).one()
    assert message.text == "Hola, ¿tienen hora el jueves?"
    assert message.edited_at and message.revoked_at


def test_an_edit_that_comes_before_its_message_is_not_lost(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    for name in ("in-edit-coexistence", "in-text"):
        client.post("/webhook", **signed(payload(name)))

    message = db.session.scalars(select(Message).where(Message.message_id == "wamid.KIA0001AAAA")).one()
    assert message.text == "Hola, ¿tienen hora el jueves?"


def test_an_advertisement_is_kept_as_the_source_of_the_lead(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("in-text-referral-ctwa-ad")))

    assert db.session.scalars(select(Lead)).one().source["referral"]["headline"] == "Agenda tu visita"


def test_every_sample_has_a_promise() -> None:
    others = {
        "batch-mixed-out-of-order-with-duplicate",
        "history-chunk",
        "user-preferences-marketing-resume",
        "user-preferences-marketing-stop",
        "value-level-error",
    }

    assert {name.removesuffix(".json") for name in NAMES} == {*IN_THREAD, *ORPHANED, *NO_THREAD, *others}


def test_a_file_of_the_history_fills_its_placeholder(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("history-chunk")))
    raw = payload("in-image-caption").replace(b"wamid.KIA0007AAAA", b"wamid.KIA0141AAAA")
    late = raw.replace(b'"field": "messages"', b'"field": "history"')

    for _ in range(2):
        client.post("/webhook", **signed(late))

    message = db.session.scalars(select(Message).where(Message.message_id == "wamid.KIA0141AAAA")).one()
    assert (message.kind, message.text, len(message.attachments)) == ("image", "Así quedó", 1)


def test_a_message_that_comes_late_was_still_said_when_it_was_said(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("in-text")))

    lead = db.session.scalars(select(Lead)).one()
    message = db.session.scalars(select(Message)).one()
    assert lead.first_contact_at == lead.last_contact_at == message.timestamp
