"""Sending: queue a text to somebody, known or not, or once more what has failed."""

from typing import Any

from kiaai.api import schemas
from kiaai.api.authentication import caller, require_caller
from kiaai.api.loading import find_channel, message_or_404
from kiaai.api.routing import Routes
from kiaai.api.shapes import Shape, message_shape
from kiaai.delivery.channels import own_channel
from kiaai.delivery.outbox import queue_message, send_again
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.finding import conversation_of, find_lead, find_or_create_conversation, find_or_create_lead
from kiaai.models import Channel, Conversation, Lead, Message
from kiaai.web.languages import asked_language
from kiaai.whatsapp.phone_numbers import is_bsuid
from kiaai.worker.doorbells import ring_delivery

bp = Routes("Messages", __name__, url_prefix="/api", description="Sending")
require_caller(bp)


@bp.route("/send-message", methods=["POST"])
@bp.arguments(schemas.SendHeaders, location="headers")
@bp.arguments(schemas.SendBody)
@bp.response(202, schemas.SentAnswer)
@bp.errors(403, 413)
def send_message(headers: dict[str, Any], body: dict[str, Any]) -> Shape:
    """Queue a text message

    Free text goes within 24 hours of the person's last message; outside, the answer is 422
    `window_closed`. A new person becomes a lead with a conversation in both cases.
    """
    conversation = _conversation_with(body["to"], find_channel(body["sender"], "from"))
    # Kept whatever becomes of the text.
    db.session.commit()
    message = queue_message(
        conversation,
        caller().sender,
        text=body["message"],
        idempotency_key=headers["key"],
        keep_bot=body["keep_bot"],
    )
    return _queued(conversation, message)


@bp.route("/messages/<int:message_id>/again", methods=["POST"])
@bp.response(202, schemas.SentAnswer)
@bp.errors(403, 404)
def repeat_message(message_id: int) -> Shape:
    """Send a message again

    Only one that has `failed`, or is `unknown` and nobody knows whether it arrived: sending that again may
    deliver it twice. The answer is a new message; asking twice gives the same one and sends nothing more.
    """
    message = message_or_404(message_id)
    again = send_again(message, caller().sender)
    return _queued(db.session.get_one(Conversation, again.conversation_id), again)


def _queued(conversation: Conversation, message: Message) -> Shape:
    """Save what was queued, ring, and answer it."""
    is_opted_out = conversation.lead.opted_out_at is not None
    db.session.commit()
    ring_delivery(conversation.id)
    answer: Shape = {"success": True, "message": message_shape(message, asked_language())}
    return {**answer, "warning": "opted_out"} if is_opted_out else answer


def _conversation_with(reference: str, channel: Channel | None) -> Conversation:
    lead = _lead_of(reference)
    found = conversation_of(lead, channel)
    return found or find_or_create_conversation(lead, channel or own_channel())


def _lead_of(reference: str) -> Lead:
    """Return the known lead, or a new one for a number; an id that nobody has cannot be made up."""
    if reference.strip().startswith("id:") or is_bsuid(reference.strip()):
        lead = find_lead(reference)
        if lead is None:
            raise ValidationFailed("Nobody has this id.", {"to": ["Nobody has this id."]})
        return lead
    return find_or_create_lead(reference, actor=caller().actor)
