"""Keep what the bot learned about a customer, unless a person knows better."""

from collections.abc import Sequence

from sqlalchemy import select

from kiaai.bot.llm_tools import NEXT_STATUSES
from kiaai.bot.turn import LeadChange
from kiaai.bot.wording import words_of
from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, rename, set_status
from kiaai.models import Lead, LeadEvent

_PEOPLE = ("user", "api", "import")


def keep_changes(lead: Lead, changes: Sequence[LeadChange]) -> list[LeadChange]:
    """Carry the changes out and return those that still hold. The lead must be locked and freshly read."""
    return [change for change in changes if _keep(lead, change)]


def _keep(lead: Lead, change: LeadChange) -> bool:
    if _is_set_by_a_person(lead, change.kind):
        return False
    if change.kind == "status":
        if change.value not in NEXT_STATUSES.get(lead.lead_status, ()):
            return False
        set_status(lead, change.value, Actor("bot"))
        return True
    # "I am Dana" tells nothing new about Dana Díaz.
    if set(words_of(change.value)) <= set(words_of(lead.customer_name or "")):
        return False
    rename(lead, change.value, Actor("bot"))
    return True


def _is_set_by_a_person(lead: Lead, kind: str) -> bool:
    newest = (
        select(LeadEvent.by)
        .where(LeadEvent.lead_id == lead.id, LeadEvent.kind == kind)
        .order_by(LeadEvent.id.desc())
        .limit(1)
    )
    return db.session.scalar(newest) in _PEOPLE
