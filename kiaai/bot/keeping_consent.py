"""Keep what a customer said about being written to, with the message that said it."""

from datetime import datetime

from kiaai import clock
from kiaai.bot import rules
from kiaai.bot.reading import Saying, Unanswered
from kiaai.leads.consents import agree, refuse
from kiaai.leads.pipeline import Actor
from kiaai.models import Lead


def keep_consent(lead: Lead, kind: str, unanswered: Unanswered, conversation_id: int) -> bool:
    """Keep an `opt_out` or `opt_in`; return whether it is news. Needs the locks of `lock_for_consent`."""
    keep, means = (agree, rules.wants_back) if kind == "opt_in" else (refuse, rules.wants_out)
    saying = next((said for said in reversed(unanswered.sayings) if means(said.text)), None)
    return keep(
        lead,
        _said_at(saying, unanswered),
        by=Actor("customer"),
        message_id=saying.id if saying else None,
        conversation_id=conversation_id,
    )


def _said_at(saying: Saying | None, unanswered: Unanswered) -> datetime:
    return saying.at if saying else unanswered.said_at or clock.now()
