"""Loading what an address names, or ending the request."""

from sqlalchemy import select

from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.leads.finding import conversation_of, find_lead
from kiaai.models import Channel, Conversation, Lead, Message
from kiaai.whatsapp.phone_numbers import digits_of


def lead_or_404(reference: str) -> Lead:
    """Return the lead that the reference names."""
    lead = find_lead(reference)
    if lead is None:
        raise NotFound("Nobody is known by this number or id.")
    return lead


def conversation_or_404(reference: str, channel: Channel | None) -> Conversation:
    """Return the lead's conversation on the channel, or the newest one."""
    conversation = conversation_of(lead_or_404(reference), channel)
    if conversation is None:
        raise NotFound("There is no conversation with this person.")
    return conversation


def message_or_404(message_id: int) -> Message:
    """Return the message."""
    # More than the column can hold is no id of ours.
    message = db.session.get(Message, message_id) if message_id < 2**63 else None
    if message is None:
        raise NotFound("There is no such message.")
    return message


def find_channel(name: str | None, field: str) -> Channel | None:
    """Return the channel of this phone number id or number; None when none is named.

    Raises ValidationFailed naming the field when there is none such.
    """
    if not name:
        return None
    numbers = {name.strip(), digits_of(name) or name.strip()}
    # Meta shows a number with spaces or without; only digits are compared.
    for channel in db.session.scalars(select(Channel).order_by(Channel.id)):
        if numbers & {channel.phone_number_id, digits_of(channel.display_phone_number or "")}:
            return channel
    raise ValidationFailed("There is no such channel.", {field: ["Must be one of our WhatsApp numbers."]})
