"""Finding a lead by whatever names it: a number in any form, a business-scoped id, or our own id."""

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.former import kept_lead_id
from kiaai.leads.pipeline import Actor, record, rename
from kiaai.models import Channel, Conversation, Lead, LeadIdentity
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text
from kiaai.whatsapp.phone_numbers import digits_of, is_bsuid, match_key

# E.164: country code and number are at most 15 digits; no country has numbers below 7.
SHORTEST, LONGEST = 7, 15


def parse_phone(raw: str, field: str = "to") -> str:
    """Return the digits of a number typed with `+`, `00`, spaces, dashes or brackets.

    Raises ValidationFailed naming the field when it is no full international number.
    """
    digits = (digits_of(raw.strip()) or "").removeprefix("00")
    if not SHORTEST <= len(digits) <= LONGEST or digits.startswith("0"):
        reason = lazy("Write the number with its country code, such as +56 9 0000 0001.")
        raise ValidationFailed(lazy("This is not a phone number."), {field: [reason]})
    return digits


def find_lead(reference: str) -> Lead | None:
    """Return the lead that `+56 9 0000-0001`, `id:17` or `CL.10000000000000000001` names."""
    reference = clean_text(reference.strip())
    if reference.startswith("id:"):
        return _by_id(reference.removeprefix("id:"))
    if is_bsuid(reference):
        return _by_identity(bsuid=reference)
    digits = (digits_of(reference) or "").removeprefix("00")
    return _by_number(digits) if digits else None


def find_or_create_lead(phone: str, name: str | None = None, *, actor: Actor) -> Lead:
    """Return the lead with this number, made when nobody has it; a missing name is filled in.

    Two callers at once get the same lead: the identity row decides. Raises ValidationFailed.
    """
    digits = parse_phone(phone)
    lead = _by_number(digits) or _create(digits, actor)
    _claim_number(lead.id, digits)
    if name and not lead.customer_name:
        rename(lead, name, actor)
    return lead


def conversation_of(lead: Lead, channel: Channel | None = None) -> Conversation | None:
    """Return the lead's conversation on the channel, or the newest one on any."""
    conversations = select(Conversation).where(Conversation.lead_id == lead.id)
    if channel is not None:
        conversations = conversations.where(Conversation.channel_id == channel.id)
    newest = conversations.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    return db.session.scalars(newest.limit(1)).first()


def find_or_create_conversation(lead: Lead, channel: Channel) -> Conversation:
    """Return the conversation of the lead on the channel, made when there is none."""
    found = conversation_of(lead, channel)
    if found is not None:
        return found
    ids = {"lead_id": lead.id, "channel_id": channel.id}
    db.session.execute(insert(Conversation).values(ids).on_conflict_do_nothing())
    return db.session.scalars(select(Conversation).filter_by(**ids)).one()


def _by_id(text: str) -> Lead | None:
    is_id = text.isascii() and text.isdigit() and len(text) <= 18  # what fits a bigint, whatever the digits
    if not is_id:
        return None
    found = db.session.get(Lead, int(text))
    kept_id = None if found else kept_lead_id(int(text))
    return db.session.get(Lead, kept_id) if kept_id else found


def _by_number(digits: str) -> Lead | None:
    # Rows that came in by plain SQL may lack identities: the number itself finds those.
    return (
        _by_identity(wa_id=digits) or _by_identity(phone=match_key(digits) or digits) or _by_plain_row(digits)
    )


def _by_identity(**kind_and_value: str) -> Lead | None:
    ((kind, value),) = kind_and_value.items()
    identity = (LeadIdentity.kind == kind) & (LeadIdentity.value == value)
    return db.session.scalars(select(Lead).join(LeadIdentity).where(identity)).first()


def _by_plain_row(digits: str) -> Lead | None:
    numbers = {digits, match_key(digits) or digits}
    return db.session.scalars(select(Lead).where(Lead.phone_number.in_(numbers)).order_by(Lead.id)).first()


def _create(digits: str, actor: Actor) -> Lead:
    """Claim the number with an id drawn beforehand, and write the lead only where the claim won."""
    lead_id = db.session.execute(select(cast(func.nextval("leads_id_seq"), BigInteger))).scalar_one()
    winner_id = _claim_number(lead_id, digits)
    if winner_id != lead_id:
        return db.session.get_one(Lead, winner_id)
    lead = Lead(id=lead_id, phone_number=digits)
    db.session.add(lead)
    db.session.flush()
    record(lead, "created", actor, new=digits)
    return lead


def _claim_number(lead_id: int, digits: str) -> int:
    """Claim the number for the lead; return whose it is. Waits for another who claims it just now."""
    key = {"kind": "phone", "value": match_key(digits) or digits}
    claim = insert(LeadIdentity).values(**key, lead_id=lead_id).on_conflict_do_nothing()
    db.session.execute(claim)
    return db.session.execute(select(LeadIdentity.lead_id).filter_by(**key)).scalar_one()
