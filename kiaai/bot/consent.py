"""Keep what a customer said about being written to."""

from datetime import datetime

from sqlalchemy import select, update

from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation, Lead


def lock_for_consent(lead_id: int) -> Lead:
    """Lock the lead, then all its conversations: each of them shows whether the person may be written to."""
    lead = db.session.get_one(Lead, lead_id, with_for_update={"key_share": True}, populate_existing=True)
    conversations = select(Conversation.id).where(Conversation.lead_id == lead_id).order_by(Conversation.id)
    db.session.execute(conversations.with_for_update(key_share=True))
    return lead


def keep_consent(lead: Lead, wants_messages: bool, said_at: datetime, conversation_id: int) -> bool:
    """Record an opt-out or opt-in, unless something newer is known. Return whether it changed anything.

    Needs the locks of `lock_for_consent`.
    """
    if lead.consent_at is not None and said_at <= lead.consent_at:
        return False
    lead.consent_at = said_at
    if wants_messages == (lead.opted_out_at is None):
        return False
    lead.opted_out_at = None if wants_messages else said_at
    kind = "opted_in" if wants_messages else "opted_out"
    record(lead, kind, Actor("customer"), conversation_id=conversation_id, detail={"source": "message"})
    of_lead = update(Conversation).where(Conversation.lead_id == lead.id)
    db.session.execute(of_lead.values(version=Conversation.version + 1))
    return True
