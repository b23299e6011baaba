"""What may not be sent, and why: told when it is queued, in words that lead on."""

from datetime import datetime

from kiaai.delivery.channels import own_number
from kiaai.errors import ValidationFailed
from kiaai.models import Conversation
from kiaai.models.message import TEXT_LIMIT
from kiaai.texts import lazy

CAPTION_LIMIT = 1024


def require_sendable(conversation: Conversation, author: str, kind: str, text: str, at: datetime) -> None:
    """Raise ValidationFailed when such a message may not be queued now. Needs the lock."""
    if conversation.channel.phone_number_id != own_number():
        reason = lazy("This conversation belongs to another number than the one that sends now.")
        way_out = lazy("%(reason)s Write to the person from a new conversation.", reason=reason)
        raise ValidationFailed(way_out, {"to": [reason]})
    if conversation.lead.blocked_at:
        reason = lazy("This person is blocked. Unblock them first.")
        raise ValidationFailed(reason, {"to": [reason]})
    if kind == "text" and not text:
        raise ValidationFailed(lazy("Write a message first."), {"message": [lazy("The message is empty.")]})
    limit = TEXT_LIMIT if kind == "text" else CAPTION_LIMIT
    if kind != "template" and len(text) > limit:
        # Without separators, as the counter beside the message has them.
        counts = {"length": str(len(text)), "limit": str(limit)}
        reason = lazy("The message has %(length)s characters; WhatsApp takes %(limit)s.", **counts)
        raise ValidationFailed(lazy("%(reason)s Split it in two.", reason=reason), {"message": [reason]})
    if kind == "template" or author == "campaign":
        _require_consent(conversation)
    elif not conversation.is_window_open(at):
        why = _window_text(conversation)
        raise ValidationFailed(why, {"message": [why]}, code="window_closed")


def _require_consent(conversation: Conversation) -> None:
    if conversation.lead.opted_out_at:
        reason = lazy("This person asked for no more messages of this kind.")
        way_out = lazy("%(reason)s You can answer when they write.", reason=reason)
        raise ValidationFailed(way_out, {"message": [reason]}, code="opted_out")


def _window_text(conversation: Conversation) -> str:
    if conversation.last_inbound_at is None:
        return lazy(
            "This person has not written yet. WhatsApp allows only an approved template as first message."
        )
    return lazy(
        "More than 24 hours have passed since this person last wrote. WhatsApp allows only an approved "
        "template now; free text works again as soon as they write."
    )
