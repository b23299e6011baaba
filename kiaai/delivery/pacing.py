"""The pace of a channel: evenly spaced slots, shared by all workers through one row."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from kiaai.delivery.channels import (
    FAILING_PROBE_SECONDS,
    FAILURES_BEFORE_PROBING,
    PROBE_SECONDS,
    TOKEN_CODES,
)
from kiaai.extensions import db

# A little under the limit, as requests do not reach Meta as evenly as they leave.
SHARE_OF_LIMIT = 0.97
LONGEST_WAIT_SECONDS = 1.0
# So late a slot may still be used: by then the next ones are already on their way.
LATENESS_SECONDS = 0.05

# Whether the channel may send: a paused one lets a probe go alone, a failing one one head at a time.
_MAY_SEND = f"""
    (ch.hold_until IS NULL OR ch.hold_until <= clock_timestamp())
    AND CASE WHEN ch.paused_at IS NOT NULL
             THEN ch.paused_code IS NOT NULL AND ch.paused_code <> ALL (:token_codes)
                  AND ch.probe_at <= clock_timestamp()
             WHEN ch.fail_count >= {FAILURES_BEFORE_PROBING} THEN ch.probe_at <= clock_timestamp()
             ELSE true END"""
# A campaign goes only while no talk waits.
_IS_DUE = """
    c.id = :conversation_id AND ch.id = c.channel_id AND ch.phone_number_id = :phone_number_id
    AND (c.lease_until IS NULL OR c.lease_until <= clock_timestamp())
    AND (c.talk_due_at <= clock_timestamp() OR (c.campaign_due_at <= clock_timestamp() AND NOT EXISTS (
        SELECT 1 FROM conversations talk WHERE talk.talk_due_at <= clock_timestamp()
          AND talk.channel_id = ch.id)))"""
_MAY_GO_ON = f"""
    ch.id = :channel_id AND ch.paused_at IS NULL AND ch.fail_count < {FAILURES_BEFORE_PROBING}
    AND (ch.hold_until IS NULL OR ch.hold_until <= clock_timestamp())"""
_IS_NEAR = (
    "coalesce(ch.next_slot_at, '-infinity') <= clock_timestamp() + make_interval(secs => :longest_wait)"
)
_TAKE = """UPDATE channels ch SET
    next_slot_at = greatest(ch.next_slot_at, clock_timestamp()) + make_interval(secs => :spacing)"""
_TAKEN = """RETURNING ch.id, ch.paused_at IS NOT NULL AS is_probe,
    CAST(extract(epoch FROM ch.next_slot_at - clock_timestamp()) AS double precision)
    - CAST(:spacing AS double precision) AS seconds"""

_RESERVE = text(f"""{_TAKE},
    probe_at = CASE
        WHEN ch.paused_at IS NOT NULL THEN clock_timestamp() + interval '{PROBE_SECONDS} s'
        WHEN ch.fail_count >= {FAILURES_BEFORE_PROBING}
            THEN clock_timestamp() + interval '{FAILING_PROBE_SECONDS} s'
        ELSE ch.probe_at END
    FROM conversations c WHERE {_IS_DUE} AND {_MAY_SEND} AND {_IS_NEAR} {_TAKEN}""")
_NEXT = text(f"{_TAKE} WHERE {_MAY_GO_ON} AND {_IS_NEAR} {_TAKEN}")
# The same questions where the slot itself is there already, or is too far away.
_COULD_RESERVE = text(
    f"SELECT ch.id, ch.paused_at IS NULL AND ch.fail_count < {FAILURES_BEFORE_PROBING} AS is_well"
    f" FROM channels ch, conversations c WHERE {_IS_DUE} AND {_MAY_SEND}"
)
_COULD_GO_ON = text(f"SELECT ch.id, true AS is_well FROM channels ch WHERE {_MAY_GO_ON}")


@dataclass(frozen=True)
class Slot:
    """The right to send one message of a channel, at a moment of the local monotonic clock."""

    channel_id: int
    at: float
    is_probe: bool = False

    def is_late(self) -> bool:
        return time.monotonic() - self.at > LATENESS_SECONDS

    def wait(self) -> None:
        """Sleep until the slot has come, a second at the most."""
        time.sleep(max(0.0, min(self.at - time.monotonic(), LONGEST_WAIT_SECONDS)))


@dataclass(frozen=True)
class Crowded:
    """There is something to send, but every slot of the next second is taken."""


class Pace:
    """Reserves slots for one sending thread, and keeps the one that found nothing to send."""

    def __init__(self, phone_number_id: str, rate_per_second: float):
        self.phone_number_id = phone_number_id
        self.spacing_seconds = 1 / (SHARE_OF_LIMIT * rate_per_second)
        self._spare: Slot | None = None

    def reserve(self, conversation_id: int) -> Slot | Crowded | None:
        """Return a slot if the conversation has something due that may go. Commits.

        None: nothing is due, another holds the conversation, or the channel may not send.
        """
        values = {
            "conversation_id": conversation_id,
            "phone_number_id": self.phone_number_id,
            "token_codes": list(TOKEN_CODES),
        }
        return self._slot(_RESERVE, _COULD_RESERVE, values)

    def next(self, channel_id: int) -> Slot | Crowded | None:
        """Return a slot for one more message of a conversation already held. Commits."""
        return self._slot(_NEXT, _COULD_GO_ON, {"channel_id": channel_id})

    def keep(self, slot: Slot) -> None:
        """Keep a slot whose claim found nothing; it serves this thread's next claim if that comes at once."""
        self._spare = None if slot.is_probe else slot

    def _slot(self, take: Any, ask: Any, values: dict[str, Any]) -> Slot | Crowded | None:
        spare, self._spare = self._spare, None
        if spare and not spare.is_late():
            could = self._ask(ask, values)
            if could is not None and could.is_well and could.id == spare.channel_id:
                return spare
        return self._take(take, values) or (Crowded() if self._ask(ask, values) else None)

    def _take(self, statement: Any, values: dict[str, Any]) -> Slot | None:
        # The row is hot and its loss in a crash costs nothing: do not wait for the disk.
        db.session.execute(text("SET LOCAL synchronous_commit = off"))
        timing = {"spacing": self.spacing_seconds, "longest_wait": LONGEST_WAIT_SECONDS}
        row = db.session.execute(statement, {**values, **timing}).one_or_none()
        db.session.commit()
        return Slot(row.id, time.monotonic() + row.seconds, row.is_probe) if row else None

    def _ask(self, statement: Any, values: dict[str, Any]) -> Any:
        row = db.session.execute(statement, values).one_or_none()
        db.session.commit()
        return row
