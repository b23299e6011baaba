"""Drain a conversation: claim, call, save, claim the next. Commits itself, before and after each call."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy.exc import SQLAlchemyError

from kiaai.database import is_unavailable
from kiaai.delivery import channels
from kiaai.delivery.claiming import Claim, claim_head
from kiaai.delivery.leases import let_go, let_go_unless_due
from kiaai.delivery.outcomes import NotNow, Outcome, Sent, Stopped, outcome_of
from kiaai.delivery.pacing import Crowded, Pace, Slot
from kiaai.delivery.posting import post
from kiaai.delivery.settling import settle
from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.transactions import commit
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError

log = logging.getLogger(__name__)

T = TypeVar("T")

# An answer of WhatsApp is worth waiting for the database, and so is the knowledge that a claimed message
# never left: without either it would count as unknown.
SAVE_FOR_SECONDS = 900
SAVE_PAUSE_SECONDS = 0.5
# A slot that passed while the claim was held up is replaced, so often at the most.
SLOT_TRIES = 3


@dataclass(frozen=True)
class Drained:
    """What a drain did. is_crowded: something is due, but all slots of the next second were taken."""

    calls: int
    is_crowded: bool = False


def drain(
    conversation_id: int, client: WhatsAppClient, pace: Pace, is_stopping: Callable[[], bool] = lambda: False
) -> Drained:
    """Send what is due in the conversation, in order, one at a time.

    Does nothing while another holds the lease: the holder looks again before it lets go.
    """
    slot = pace.reserve(conversation_id)
    if not isinstance(slot, Slot):
        return Drained(0, isinstance(slot, Crowded))
    return _Courier(conversation_id, client, pace, is_stopping).run(slot)


@dataclass
class _Courier:
    """One holder of one conversation: from the first claim until the lease is let go."""

    conversation_id: int
    client: WhatsAppClient
    pace: Pace
    is_stopping: Callable[[], bool]
    token: UUID = field(default_factory=uuid4)
    calls: int = 0

    def run(self, slot: Slot) -> Drained:
        claim = self._claim(slot)
        following: Slot | None = slot
        while claim is not None and following is not None:
            outcome = self._call(claim, following)
            claim, following = self._settle(claim, outcome, following)
        return Drained(self.calls)

    def _claim(self, slot: Slot) -> Claim | None:
        if self.is_stopping():
            return None
        fault_point("before_claim")
        claim = _surely(lambda: commit(lambda: claim_head(self.conversation_id, self.token)))
        fault_point("after_claim")
        if claim is None:
            self.pace.keep(slot)
        return claim

    def _call(self, claim: Claim, slot: Slot) -> Outcome:
        """Make the call, with no transaction and no session open."""
        timely = self._timely(claim, slot)
        if timely is None:
            # Claimed, but surely not called: its turn comes again.
            return NotNow(1, None, "The moment to send had passed", counts_failure=False)
        timely.wait()
        self.calls += 1
        try:
            outcome: Outcome = Sent(post(self.client, claim))
        except GraphError as error:
            outcome = outcome_of(error, claim.attempt, claim.lane)
        log.info(
            "Send %s",
            type(outcome).__name__.lower(),
            extra={"conversation_id": claim.conversation_id, "message_id": claim.message_id},
        )
        return outcome

    def _timely(self, claim: Claim, slot: Slot) -> Slot | None:
        """Return the slot, or a new one when the claim was held up: late slots would bunch together."""
        current: Slot | None = slot
        for _ in range(SLOT_TRIES):
            if current is None or slot.is_probe or not current.is_late():
                return current
            current = self._next_slot(claim.channel_id)
        return None

    def _settle(self, claim: Claim, outcome: Outcome, slot: Slot) -> tuple[Claim | None, Slot | None]:
        """Save the outcome and claim the next head, in one transaction where one is known to wait."""
        may_go_on = not isinstance(outcome, NotNow | Stopped) and not self.is_stopping()
        following = self._next_slot(claim.channel_id) if may_go_on and claim.has_more else None
        fault_point("before_outcome")
        next_claim, is_due = _surely(lambda: commit(lambda: self._save(claim, outcome, following)))
        fault_point("after_outcome")
        _tell_channel(claim.channel_id, outcome, slot.is_probe)
        if following is not None:
            if next_claim is None:
                self.pace.keep(following)
            return next_claim, following
        return self._claim_late(claim, may_go_on) if is_due else (None, None)

    def _save(self, claim: Claim, outcome: Outcome, following: Slot | None) -> tuple[Claim | None, bool]:
        """Save the outcome. Without a slot nothing is claimed; the second value tells whether some is due."""
        settle(claim, outcome)
        if following is not None:
            return claim_head(self.conversation_id, self.token), False
        if isinstance(outcome, Stopped):
            let_go(self.conversation_id, self.token)
            return None, False
        return None, let_go_unless_due(self.conversation_id, self.token)

    def _claim_late(self, claim: Claim, may_go_on: bool) -> tuple[Claim | None, Slot | None]:
        """Claim what became due during the call, or let the lease go so that the sweep finds it."""
        slot = self._next_slot(claim.channel_id) if may_go_on else None
        if slot is not None and (following := self._claim(slot)) is not None:
            return following, slot
        commit(lambda: let_go(self.conversation_id, self.token))
        return None, None

    def _next_slot(self, channel_id: int) -> Slot | None:
        """Return a slot, or None: going on is a convenience, and must not endanger what is to be saved."""
        try:
            slot = self.pace.next(channel_id)
        except SQLAlchemyError:
            db.session.rollback()
            return None
        finally:
            db.session.remove()
        return slot if isinstance(slot, Slot) else None


def _tell_channel(channel_id: int, outcome: Outcome, was_probe: bool) -> None:
    """Tell the channel how it went. Book-keeping: its failure harms no message."""
    try:
        match outcome:
            case Stopped(code, reason):
                channels.pause(channel_id, code, reason)
            case NotNow(counts_failure=True):
                channels.count_failure(channel_id, outcome.hold_seconds)
            case Sent():
                channels.note_success(channel_id, was_probe)
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("The channel could not be told how a call went: %s", type(error).__name__)
    finally:
        db.session.remove()


def _surely(work: Callable[[], T]) -> T:
    """Run again while the database is away, for a while: the outcome of a call must not get lost."""
    until = time.monotonic() + SAVE_FOR_SECONDS
    while True:
        try:
            return work()
        except SQLAlchemyError as error:
            if not is_unavailable(error) or time.monotonic() > until:
                raise
            log.warning("The database is away; a claim or an outcome waits to be saved")
            time.sleep(SAVE_PAUSE_SECONDS)
