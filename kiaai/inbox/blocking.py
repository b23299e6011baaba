"""Block a person: what they still write is kept, but nobody is called and nothing is answered."""

import logging
from datetime import datetime

from sqlalchemy import select

from kiaai.delivery.ownership import lock, silence_bot
from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, lock_lead, record
from kiaai.models import Conversation, Lead, LeadIdentity
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError

log = logging.getLogger(__name__)


def block(lead: Lead, at: datetime, user_id: int) -> bool:
    """Block the person and put their conversations away, as read. Return whether that was news."""
    return _set_blocked(lead, at, user_id)


def unblock(lead: Lead, user_id: int) -> bool:
    """Let the person reach the team again; their conversations stay closed until they write."""
    return _set_blocked(lead, None, user_id)


def whatsapp_name(lead: Lead) -> str | None:
    """Return the id or number by which WhatsApp's block list knows the person; None without one."""
    if lead.phone_number:
        return f"+{lead.phone_number}"
    return db.session.scalar(
        select(LeadIdentity.value).where(LeadIdentity.lead_id == lead.id, LeadIdentity.kind == "bsuid")
    )


def tell_whatsapp(client: WhatsAppClient, name: str, is_blocked: bool) -> GraphError | None:
    """Put the person on WhatsApp's own block list, or take them off it; return why that did not work.

    To be called with no transaction open. WhatsApp blocks only who wrote within 24 hours; our own block
    stands whatever it says.
    """
    try:
        (client.block_user if is_blocked else client.unblock_user)(name)
    except GraphError as error:
        log.info("WhatsApp's block list was not changed: %s", error.title)
        return error
    return None


def _set_blocked(lead: Lead, blocked_at: datetime | None, user_id: int) -> bool:
    lock_lead(lead)
    if (lead.blocked_at is None) == (blocked_at is None):
        return False
    lead.blocked_at = blocked_at
    theirs = select(Conversation.id).where(Conversation.lead_id == lead.id).order_by(Conversation.id)
    for conversation_id in db.session.scalars(theirs).all():
        conversation = lock(conversation_id)
        if blocked_at is not None:
            silence_bot(conversation)
            conversation.state, conversation.snoozed_until = "closed", None
            conversation.unread_count = 0
        conversation.version += 1
    record(lead, "blocked" if blocked_at else "unblocked", Actor("user", user_id))
    return True
