"""Rows as the API tells them."""

from datetime import datetime
from typing import Any

from kiaai.models import Conversation, Lead, Message
from kiaai.whatsapp.explanations import Language, explain

Shape = dict[str, Any]


def conversation_shape(conversation: Conversation, at: datetime, is_bot_allowed: bool) -> Shape:
    """Return a conversation; the lead is loaded with it. is_bot_allowed: by the settings."""
    lead = conversation.lead
    return {
        "id": conversation.id,
        "phone_number": lead.phone_number,
        "customer_name": lead.customer_name,
        "last_message": conversation.last_message_preview,
        "last_message_at": conversation.last_message_at,
        "last_direction": conversation.last_direction,
        "unread_count": conversation.unread_count,
        "lead_status": lead.lead_status,
        "bot_enabled": is_bot_allowed and conversation.is_bot_on(at),
        "window_expires_at": conversation.window_expires_at,
    }


def message_shape(message: Message, language: Language) -> Shape:
    """Return a message. language: of its error."""
    return {
        "id": message.id,
        "message_id": message.message_id,
        "direction": message.direction,
        "kind": message.kind,
        "message_text": message.text,
        "timestamp": message.timestamp,
        "status": message.status,
        "author": message.author,
        "error": _error_shape(message, language),
    }


def lead_shape(lead: Lead) -> Shape:
    """Return a lead."""
    names = ("id", "phone_number", "customer_name", "lead_status", "first_contact_at", "last_contact_at")
    return {**{name: getattr(lead, name) for name in names}, "notes": lead.notes, "tags": lead.tags}


def _error_shape(message: Message, language: Language) -> Shape | None:
    if message.error_code is None and not message.error_text:
        return None
    explanation = explain(message.error_code, language, is_final=message.status == "failed")
    return {
        "code": message.error_code,
        "title": explanation.title,
        "message": message.error_text or explanation.cause,
        "next_step": explanation.next_step,
    }
