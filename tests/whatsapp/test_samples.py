"""Every sample body says to a person what that person should read."""

from datetime import UTC, datetime

import pytest

from kiaai.whatsapp.inbound import Batch, parse
from tests.samples import NAMES, payload

RECEIVED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# sample: (kind, text, preview, reply_to)
MESSAGES: dict[str, tuple[str, str | None, str, str | None]] = {
    "in-audio-file": ("audio", None, "🎵 Audio", None),
    "in-audio-voice-note": ("audio", None, "🎤 Voice message", None),
    "in-contacts": ("contacts", "Beto Demo: +56 9 0000 0002", "👤 Beto Demo: +56 9 0000 0002", None),
    "in-contacts-shared-own-number-bsuid": (
        "contacts",
        "Ana Prueba: +56900000001",
        "👤 Ana Prueba: +56900000001",
        None,
    ),
    "in-document": ("document", "Mi cotización", "📄 cotizacion ñandú.pdf", None),
    "in-edit-coexistence": (
        "edit",
        "Hola, ¿tienen hora el jueves?",
        "✏️ Hola, ¿tienen hora el jueves?",
        "wamid.KIA0001AAAA",
    ),
    "in-image-caption": ("image", "Así quedó", "📷 Así quedó", None),
    "in-interactive-button-reply": (
        "interactive",
        "Hablar con alguien",
        "Hablar con alguien",
        "wamid.KIA0904AAAA",
    ),
    "in-interactive-flow-nfm-reply": (
        "interactive",
        "email: ana@demo.example\nconsent: yes",
        "email: ana@demo.example consent: yes",
        "wamid.KIA0906AAAA",
    ),
    "in-interactive-list-reply": (
        "interactive",
        "10:30\nMartes 24",
        "10:30 Martes 24",
        "wamid.KIA0905AAAA",
    ),
    "in-location": (
        "location",
        "Plaza de prueba\nCalle Ficticia 123, Santiago",
        "📍 Plaza de prueba Calle Ficticia 123, Santiago",
        None,
    ),
    "in-order": (
        "order",
        "2 × SKU-001 (12990 CLP)\n1 × SKU-002 (4990 CLP)\nSin cebolla",
        "🛒 2 × SKU-001 (12990 CLP) 1 × SKU-002 (4990 CLP) Sin cebolla",
        None,
    ),
    "in-reaction": ("reaction", "👍", "👍 Reaction", "wamid.KIA0907AAAA"),
    "in-reaction-removed": ("reaction", None, "Reaction removed", "wamid.KIA0907AAAA"),
    "in-revoke-coexistence": ("revoke", None, "🚫 Deleted message", "wamid.KIA0001AAAA"),
    "in-sticker-animated": ("sticker", None, "🌟 Sticker", None),
    "in-system-number-changed": (
        "system",
        "User Ana Prueba changed from 56900000001 to 56900000002",
        "User Ana Prueba changed from 56900000001 to 56900000002",
        None,
    ),
    "in-system-user-id-changed-bsuid": (
        "system",
        "User Ana Prueba changed from CL.10000000000000000001 to CL.10000000000000000002",
        "User Ana Prueba changed from CL.10000000000000000001 to CL.10000000000000000002",
        None,
    ),
    "in-template-quick-reply-button": ("button", "Confirmar", "Confirmar", "wamid.KIA0903AAAA"),
    "in-text": ("text", "Hola, ¿tienen hora mañana? 👋", "Hola, ¿tienen hora mañana? 👋", None),
    "in-text-forwarded": ("text", "Mira esta promo", "Mira esta promo", None),
    "in-text-frequently-forwarded": ("text", "Cadena reenviada", "Cadena reenviada", None),
    "in-text-referral-ctwa-ad": ("text", "Quiero más información", "Quiero más información", None),
    "in-text-referred-product": ("text", "¿Queda stock?", "¿Queda stock?", "wamid.KIA0902AAAA"),
    "in-text-reply-context": ("text", "Sí, esa me sirve", "Sí, esa me sirve", "wamid.KIA0901AAAA"),
    "in-unsupported-poll": ("unsupported", None, "Unsupported message: poll", None),
    "in-username-only-no-phone-bsuid": (
        "text",
        "Hola, les escribo sin mostrar mi número",
        "Hola, les escribo sin mostrar mi número",
        None,
    ),
    "in-video": ("video", None, "🎬 Video", None),
    "signature-vector-escaped-unicode": (
        "text",
        "Canción ñandú äöå 👋 a/b",
        "Canción ñandú äöå 👋 a/b",
        None,
    ),
    "smb-message-echo-text": (
        "text",
        "Te respondo desde el teléfono",
        "Te respondo desde el teléfono",
        None,
    ),
}
# sample: (status, error code, billing category)
STATUSES: dict[str, tuple[str, int | None, str | None]] = {
    "status-delivered": ("delivered", None, "utility"),
    "status-delivered-legacy-cbp": ("delivered", None, "service"),
    "status-delivered-service-free": ("delivered", None, "service"),
    "status-failed-131026-undeliverable": ("failed", 131026, None),
    "status-failed-131047-window-closed": ("failed", 131047, None),
    "status-failed-131049-ecosystem": ("failed", 131049, None),
    "status-failed-132015-held-then-dropped": ("failed", 132015, None),
    "status-played-voice": ("played", None, None),
    "status-read": ("read", None, None),
    "status-sent-template": ("sent", None, "utility"),
    "status-sent-with-conversation-free-entry-point": ("sent", None, "referral_conversion"),
}
# sample: note
NOTES: dict[str, str] = {
    "account-alerts": "account_alerts",
    "account-update-disabled": "account_update: DISABLED_UPDATE",
    "account-update-restriction": "account_update: ACCOUNT_RESTRICTION",
    "business-capability-update": "business_capability_update",
    "phone-number-quality-update-throughput": "phone_number_quality_update: THROUGHPUT_UPGRADE",
    "template-category-update": "template_category_update",
    "template-quality-update": "message_template_quality_update",
    "template-status-approved": "message_template_status_update: APPROVED",
    "template-status-paused": "message_template_status_update: PAUSED",
    "template-status-rejected": "message_template_status_update: REJECTED",
    "unknown-field-future": "unknown field some_future_field",
}
OTHERS = {
    "batch-mixed-out-of-order-with-duplicate",
    "history-chunk",
    "smb-app-state-sync",
    "user-preferences-marketing-resume",
    "user-preferences-marketing-stop",
    "value-level-error",
}


def read(name: str) -> Batch:
    return parse(payload(name), RECEIVED_AT)


def test_every_sample_has_an_expectation() -> None:
    expected = {*MESSAGES, *STATUSES, *NOTES, *OTHERS}

    assert {name.removesuffix(".json") for name in NAMES} == expected


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_has_a_problem(name: str) -> None:
    assert read(name).problems == ()


@pytest.mark.parametrize("name", MESSAGES)
def test_it_shows_what_a_person_would_read(name: str) -> None:
    (message,) = read(name).messages

    assert (message.kind, message.text, message.preview, message.reply_to) == MESSAGES[name]


@pytest.mark.parametrize("name", STATUSES)
def test_it_reads_what_became_of_a_message(name: str) -> None:
    (status,) = read(name).statuses

    category = status.pricing["category"] if status.pricing else None
    assert (status.status, status.error_code, category) == STATUSES[name]


@pytest.mark.parametrize("name", NOTES)
def test_it_keeps_account_news_with_their_value(name: str) -> None:
    batch = read(name)

    (event,) = batch.fields
    assert (batch.notes, event.waba_id) == ((NOTES[name],), "100000000000001")
    assert event.value


def test_it_matches_contacts_by_id_and_keeps_duplicates_for_the_database_to_refuse() -> None:
    batch = read("batch-mixed-out-of-order-with-duplicate")

    assert [(m.customer.name, m.text) for m in batch.messages] == [
        ("Ana Prueba", "segundo"),
        ("Ana Prueba", "primero (timestamp menor, llega después)"),
        ("Beto Demo", "otro contacto"),
        ("Ana Prueba", "segundo"),
    ]
    assert [s.status for s in batch.statuses] == ["read", "sent"]


def test_history_moves_nothing() -> None:
    welcome, placeholder = read("history-chunk").messages

    assert (welcome.direction, welcome.author, welcome.status) == ("outgoing", "phone", "read")
    assert (placeholder.direction, placeholder.kind, placeholder.status) == (
        "incoming",
        "media_placeholder",
        "received",
    )
    for message in (welcome, placeholder):
        assert message.is_history
        assert not (message.counts_unread or message.opens_window or message.wants_answer)
        assert message.customer.wa_id == "56900000001"


def test_an_echo_is_an_answer_from_the_phone_to_the_customer() -> None:
    (echo,) = read("smb-message-echo-text").messages

    assert (echo.direction, echo.author, echo.status) == ("outgoing", "phone", "sent")
    assert (echo.customer.wa_id, echo.customer.name) == ("56900000001", "Ana Prueba")
    assert not (echo.counts_unread or echo.opens_window or echo.wants_answer)


def test_the_address_book_gives_names() -> None:
    (contact,) = read("smb-app-state-sync").contact_names

    assert (contact.phone, contact.name) == ("56900000001", "Ana Prueba")


@pytest.mark.parametrize(("choice", "is_stop"), [("stop", True), ("resume", False)])
def test_it_reads_marketing_preferences(choice: str, is_stop: bool) -> None:
    (preference,) = read(f"user-preferences-marketing-{choice}").preferences

    assert preference.is_stop is is_stop
    assert preference.customer.bsuid == "CL.10000000000000000001"


def test_an_error_without_a_message_is_noted_with_its_code() -> None:
    (note,) = read("value-level-error").notes

    assert "130429, Rate limit hit: Too many messages" in note


def test_a_username_only_person_has_an_identity_without_a_phone() -> None:
    (message,) = read("in-username-only-no-phone-bsuid").messages

    assert message.customer.identities == (("bsuid", "CL.10000000000000000001"),)
    assert message.customer.username == "@ana.prueba"


def test_a_changed_number_names_the_old_and_the_new_person() -> None:
    (change,) = read("in-system-user-id-changed-bsuid").identity_changes

    assert (change.old.wa_id, change.new_wa_id) == ("56900000001", "56900000002")
    assert (change.old.bsuid, change.new_bsuid) == ("CL.10000000000000000001", "CL.10000000000000000002")


def test_it_reads_the_file_behind_a_voice_note() -> None:
    (message,) = read("in-audio-voice-note").messages

    assert message.file is not None
    assert (message.file.mime_type, message.file.is_voice) == ("audio/ogg", True)
    assert message.file.media_id == "400000000000009"
