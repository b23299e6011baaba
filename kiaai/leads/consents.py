"""What a person agreed to or asked not to get: dated facts, each with what says so.

A fact is never changed or deleted. A wrong one is set right by a newer one; of all, the newest counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from kiaai import clock
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Consent, Conversation, Lead, Message, User
from kiaai.models.base import Json
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text

NOTE_LIMIT = 500
KINDS = ("opt_in", "opt_out")
# Clocks differ a little; what is said to happen later than this is a mistake.
_AHEAD = timedelta(minutes=10)
# Before there were telephones to speak of; what is much older could not even be shown in every zone.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Fact:
    """A fact as it is shown: with who wrote it down, and the message that said it."""

    consent: Consent
    user: User | None
    message: Message | None


def lock_for_consent(lead_id: int) -> Lead:
    """Lock the lead, then all its conversations: each of them shows whether the person may be written to."""
    lead = db.session.get_one(Lead, lead_id, with_for_update={"key_share": True}, populate_existing=True)
    conversations = select(Conversation.id).where(Conversation.lead_id == lead_id).order_by(Conversation.id)
    db.session.execute(conversations.with_for_update(key_share=True))
    return lead


def agree(
    lead: Lead,
    said_at: datetime,
    *,
    by: Actor,
    message_id: int | None = None,
    note: str = "",
    conversation_id: int | None = None,
) -> bool:
    """Keep that the person agreed to messages. Return whether that is news. Needs `lock_for_consent`.

    message_id: our id of the message that said it. Raises ValidationFailed naming `note` or `said_at`.
    """
    return _keep(lead, "opt_in", said_at, by, message_id, note, conversation_id)


def refuse(
    lead: Lead,
    said_at: datetime,
    *,
    by: Actor,
    message_id: int | None = None,
    note: str = "",
    conversation_id: int | None = None,
) -> bool:
    """Keep that the person asked for no more messages; otherwise as `agree`."""
    return _keep(lead, "opt_out", said_at, by, message_id, note, conversation_id)


def facts_of(lead_id: int) -> Sequence[Fact]:
    """Return what is known, the newest first."""
    found = db.session.execute(
        select(Consent, User, Message)
        .outerjoin(User, User.id == Consent.user_id)
        .outerjoin(Message, Message.id == Consent.message_id)
        .where(Consent.lead_id == lead_id)
        .order_by(Consent.said_at.desc(), Consent.id.desc())
    )
    return [Fact(*row) for row in found]


def _keep(
    lead: Lead,
    kind: str,
    said_at: datetime,
    by: Actor,
    message_id: int | None,
    note: str,
    conversation_id: int | None,
) -> bool:
    note = _checked(note, said_at)
    fact = {
        "lead_id": lead.id,
        "kind": kind,
        "said_at": said_at,
        # The bot only writes down what the customer said.
        "by": "customer" if by.by == "bot" else by.by,
        "message_id": message_id,
        "user_id": by.user_id,
        "note": note,
    }
    db.session.execute(insert(Consent).values(**fact).on_conflict_do_nothing())
    wants_messages = kind == "opt_in"
    # Of two that were said at one moment, as facts with a day alone are, silence counts.
    if lead.consent_at is not None and (said_at, not wants_messages) <= (
        lead.consent_at,
        lead.opted_out_at is not None,
    ):
        return False
    lead.consent_at = said_at
    if wants_messages == (lead.opted_out_at is None):
        return False
    lead.opted_out_at = None if wants_messages else said_at
    event = "opted_in" if wants_messages else "opted_out"
    record(lead, event, by, conversation_id=conversation_id, detail=_source(message_id, note))
    of_lead = update(Conversation).where(Conversation.lead_id == lead.id)
    db.session.execute(of_lead.values(version=Conversation.version + 1))
    return True


def _source(message_id: int | None, note: str) -> Json:
    return {"source": "message"} if message_id else {"source": "note"} if note else {}


def _checked(note: str, said_at: datetime) -> str:
    note = clean_text(note).strip()
    if len(note) > NOTE_LIMIT:
        reason = lazy("At most %(limit)s characters.", limit=NOTE_LIMIT)
        raise ValidationFailed(lazy("The lead was not changed."), {"note": [reason]})
    if said_at > clock.now() + _AHEAD:
        reason = lazy("This time has not come yet.")
        raise ValidationFailed(lazy("The lead was not changed."), {"said_at": [reason]})
    if said_at < _EARLIEST:
        reason = lazy("This time is too long ago.")
        raise ValidationFailed(lazy("The lead was not changed."), {"said_at": [reason]})
    return note
