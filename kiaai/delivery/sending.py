"""Drain a conversation: claim, call, save, claim the next. Commits itself, before and after each call."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy.exc import DBAPIError

from kiaai.database import is_retryable, is_unavailable
from kiaai.delivery import channels
from kiaai.delivery.claiming import Claim, claim_head, let_go, let_go_unless_due
from kiaai.delivery.outcomes import NotNow, Outcome, Sent, Stopped, outcome_of
from kiaai.delivery.pacing import Pace, Slot
from kiaai.delivery.posting import post
from kiaai.delivery.settling import settle
from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError

log = logging.getLogger(__name__)

T = TypeVar("T")

TRANSACTION_TRIES = 3
# An answer of WhatsApp is worth waiting for the database: without it the message would count as unknown.
SAVE_FOR_SECONDS = 90
SAVE_PAUSE_SECONDS = 0.5


def drain(
    conversation_id: int, client: WhatsAppClient, pace: Pace, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due in the conversation, in order, one at a time. Return how many calls were made.

    Does nothing while another holds the lease: the holder looks again before it lets go.
    """
    token, calls = uuid4(), 0
    slot = pace.reserve(conversation_id)
    claim = _claim_first(conversation_id, token, pace, slot) if slot else None
    while claim is not None and slot is not None:
        slot.wait()
        outcome = _call(client, claim)
        calls += 1
        may_go_on = not isinstance(outcome, NotNow | Stopped) and not is_stopping()
        slot = pace.next(claim.channel_id) if may_go_on and claim.has_more else None
        settled, had_slot = claim, slot
        claim, is_due = _save_and_claim(settled, outcome, pace, slot)
        _tell_channel(settled, outcome)
        if claim is None and had_slot is None and is_due:
            slot, claim = _claim_late(settled, token, pace, may_go_on)
    return calls


def _claim_first(conversation_id: int, token: UUID, pace: Pace, slot: Slot) -> Claim | None:
    fault_point("before_claim")
    claim = _surely(lambda: _transaction(lambda: claim_head(conversation_id, token, pace.phone_number_id)))
    fault_point("after_claim")
    if claim is None:
        pace.keep(slot)
    return claim


def _call(client: WhatsAppClient, claim: Claim) -> Outcome:
    """Make the call, with no transaction and no session open."""
    try:
        outcome: Outcome = Sent(post(client, claim))
    except GraphError as error:
        outcome = outcome_of(error, claim.attempt, claim.lane)
    log.info(
        "Send %s",
        type(outcome).__name__.lower(),
        extra={"conversation_id": claim.conversation_id, "message_id": claim.message_id},
    )
    return outcome


def _save_and_claim(
    claim: Claim, outcome: Outcome, pace: Pace, slot: Slot | None
) -> tuple[Claim | None, bool]:
    """Save the outcome and claim the next head in one transaction.

    Without a slot nothing is claimed; the second value then tells whether something is due.
    """

    def save() -> tuple[Claim | None, bool]:
        settle(claim, outcome)
        if slot is not None:
            return claim_head(claim.conversation_id, claim.token, pace.phone_number_id), False
        if isinstance(outcome, Stopped):
            let_go(claim.conversation_id, claim.token)
            return None, False
        return None, let_go_unless_due(claim.conversation_id, claim.token)

    fault_point("before_outcome")
    following, is_due = _surely(lambda: _transaction(save))
    fault_point("after_outcome")
    if following is None and slot is not None:
        pace.keep(slot)
    return following, is_due


def _claim_late(claim: Claim, token: UUID, pace: Pace, may_go_on: bool) -> tuple[Slot | None, Claim | None]:
    """Claim what became due during the call, or let the lease go so that the sweep finds it."""
    slot = pace.next(claim.channel_id) if may_go_on else None
    if slot is not None:
        return slot, _claim_first(claim.conversation_id, token, pace, slot)
    _transaction(lambda: let_go(claim.conversation_id, token))
    return None, None


def _tell_channel(claim: Claim, outcome: Outcome) -> None:
    match outcome:
        case Stopped(code, reason):
            channels.pause(claim.channel_id, code, reason)
        case NotNow(counts_failure=True):
            channels.count_failure(claim.channel_id, outcome.hold_seconds)
        case Sent():
            channels.note_success(claim.channel_id)
    db.session.remove()


def _transaction(work: Callable[[], T]) -> T:
    """Run and commit; repeat the whole when PostgreSQL says that only others were in the way."""
    for attempt in range(1, TRANSACTION_TRIES + 1):
        try:
            result = work()
            fault_point("before_commit")
            db.session.commit()
            fault_point("after_commit")
            return result
        except DBAPIError as error:
            db.session.rollback()
            if not is_retryable(error) or attempt == TRANSACTION_TRIES:
                raise
        finally:
            db.session.remove()
    raise AssertionError("unreachable")


def _surely(work: Callable[[], T]) -> T:
    """Run again while the database is away, for a while: the outcome of a call must not get lost."""
    until = time.monotonic() + SAVE_FOR_SECONDS
    while True:
        try:
            return work()
        except DBAPIError as error:
            if not is_unavailable(error) or time.monotonic() > until:
                raise
            log.warning("The database is away; the outcome of a call waits to be saved")
            time.sleep(SAVE_PAUSE_SECONDS)
