"""Every sample body of WhatsApp: what a person sees in the thread afterwards."""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Message, WebhookEvent
from tests.conftest import Signed
from tests.samples import payload


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
    "in-contacts": Seen("contacts", "", "👤 Beto Demo +56 9 0000 0002"),
    "in-contacts-shared-own-number-bsuid": Seen("contacts", "", ""),
    "in-template-quick-reply-button": Seen("button", "Confirmar", "Confirmar"),
    "in-interactive-button-reply": Seen("interactive", "Hablar con alguien", "Hablar con alguien"),
    "in-interactive-list-reply": Seen("interactive", "10:30\nMartes 24", "10:30 Martes 24"),
    "in-interactive-flow-nfm-reply": Seen("interactive", "", ""),
    "in-order": Seen("order", "", ""),
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
