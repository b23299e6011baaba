"""Start a conversation with any number: who it is, what the window allows, and the conversation itself."""

from dataclasses import dataclass
from datetime import datetime

from kiaai.extensions import db
from kiaai.leads.finding import (
    conversation_of,
    find_lead,
    find_or_create_conversation,
    find_or_create_lead,
    parse_phone,
)
from kiaai.leads.pipeline import Actor
from kiaai.models import Channel, Conversation, Lead


@dataclass(frozen=True)
class Prospect:
    """Whose number was typed. region: the country by its two letters, where the number tells.

    has_odd_length: no number of that country is as long; it may be a mistake, and may be right.
    lead, conversation: what is known of them already. is_open: whether free text may be sent now.
    """

    digits: str
    region: str | None
    has_odd_length: bool
    lead: Lead | None
    conversation: Conversation | None
    is_open: bool


def look_up(typed: str, channel: Channel | None, now: datetime) -> Prospect:
    """Read a number as it was typed, and tell whose it is. Raises ValidationFailed naming `number`."""
    digits = parse_phone(typed, "number")
    region, has_odd_length = _read(digits)
    lead = find_lead(digits)
    conversation = conversation_of(lead, channel) if lead and channel else None
    is_open = bool(conversation and conversation.is_window_open(now))
    return Prospect(digits, region, has_odd_length, lead, conversation, is_open)


def start(typed: str, name: str, channel: Channel, user_id: int) -> Conversation:
    """Return the conversation with this number, made when there is none. Raises ValidationFailed."""
    digits = parse_phone(typed, "number")
    lead = find_or_create_lead(digits, name.strip() or None, actor=Actor("user", user_id))
    db.session.flush()
    return find_or_create_conversation(lead, channel)


def _read(digits: str) -> tuple[str | None, bool]:
    # A big library that only pages need.
    import phonenumbers

    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None, True
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    region = phonenumbers.region_code_for_number(number) or next(iter(regions), None)
    # "001" stands for numbers of no country, such as those of satellites.
    return (region if region and region.isalpha() else None), not phonenumbers.is_possible_number(number)
