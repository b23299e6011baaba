"""The pace of a channel: evenly spaced slots, shared by all workers through one row."""

import time
from dataclasses import dataclass

from sqlalchemy import text

from kiaai.delivery.channels import FAILURES_BEFORE_PROBING, PROBE_SECONDS, TOKEN_CODES
from kiaai.extensions import db

# A little under the limit, as requests do not reach Meta as evenly as they leave.
SHARE_OF_LIMIT = 0.97
LONGEST_WAIT_SECONDS = 1.0
# So late a slot may still be used: by then the next ones are already on their way.
LATENESS_SECONDS = 0.05

# One statement decides whether there is work, whether the channel may send, and whose turn it is.
# A paused channel gives a slot to a probe alone, a failing one to one head at a time.
_RESERVE = text(f"""
    UPDATE channels ch SET
        next_slot_at = greatest(ch.next_slot_at, clock_timestamp()) + make_interval(secs => :spacing),
        probe_at = CASE
            WHEN ch.paused_at IS NOT NULL THEN clock_timestamp() + interval '{PROBE_SECONDS} s'
            WHEN ch.fail_count >= {FAILURES_BEFORE_PROBING} THEN clock_timestamp() + interval '5 s'
            ELSE ch.probe_at END
    FROM conversations c
    WHERE c.id = :conversation_id AND ch.id = c.channel_id AND ch.phone_number_id = :phone_number_id
      AND (c.lease_until IS NULL OR c.lease_until <= clock_timestamp())
      AND (c.talk_due_at <= clock_timestamp() OR (c.campaign_due_at <= clock_timestamp() AND NOT EXISTS (
            SELECT 1 FROM conversations talk WHERE talk.talk_due_at <= clock_timestamp()
              AND talk.channel_id = ch.id)))
      AND (ch.hold_until IS NULL OR ch.hold_until <= clock_timestamp())
      AND CASE WHEN ch.paused_at IS NOT NULL
               THEN ch.paused_code IS NOT NULL AND ch.paused_code <> ALL (:token_codes)
                    AND ch.probe_at <= clock_timestamp()
               WHEN ch.fail_count >= {FAILURES_BEFORE_PROBING} THEN ch.probe_at <= clock_timestamp()
               ELSE true END
      AND coalesce(ch.next_slot_at, '-infinity') <= clock_timestamp() + make_interval(secs => :longest_wait)
    RETURNING ch.id, extract(epoch FROM ch.next_slot_at - clock_timestamp())
                     - CAST(:spacing AS double precision)
""")

_NEXT = text(f"""
    UPDATE channels ch SET
        next_slot_at = greatest(ch.next_slot_at, clock_timestamp()) + make_interval(secs => :spacing)
    WHERE ch.id = :channel_id AND ch.paused_at IS NULL AND ch.fail_count < {FAILURES_BEFORE_PROBING}
      AND (ch.hold_until IS NULL OR ch.hold_until <= clock_timestamp())
      AND coalesce(ch.next_slot_at, '-infinity') <= clock_timestamp() + make_interval(secs => :longest_wait)
    RETURNING ch.id, extract(epoch FROM ch.next_slot_at - clock_timestamp())
                     - CAST(:spacing AS double precision)
""")


@dataclass(frozen=True)
class Slot:
    """The right to send one message of a channel, at a moment of the local monotonic clock."""

    channel_id: int
    at: float

    def is_fresh(self) -> bool:
        return time.monotonic() - self.at <= LATENESS_SECONDS

    def wait(self) -> None:
        """Sleep until the slot has come, a second at the most."""
        time.sleep(max(0.0, min(self.at - time.monotonic(), LONGEST_WAIT_SECONDS)))


class Pace:
    """Reserves slots for one sending thread, and keeps the one that found nothing to send."""

    def __init__(self, phone_number_id: str, rate_per_second: float):
        self.phone_number_id = phone_number_id
        self.spacing_seconds = 1 / (SHARE_OF_LIMIT * rate_per_second)
        self._spare: Slot | None = None

    def reserve(self, conversation_id: int) -> Slot | None:
        """Return a slot if the conversation has something due that may go within a second. Commits."""
        values = {
            "conversation_id": conversation_id,
            "phone_number_id": self.phone_number_id,
            "token_codes": list(TOKEN_CODES),
        }
        return self._take_spare() or self._reserve(_RESERVE, values)

    def next(self, channel_id: int) -> Slot | None:
        """Return a slot for one more message of a conversation already held. Commits."""
        return self._take_spare() or self._reserve(_NEXT, {"channel_id": channel_id})

    def keep(self, slot: Slot) -> None:
        """Keep a slot whose claim found nothing; it serves this thread's next claim if that comes at once."""
        self._spare = slot

    def _take_spare(self) -> Slot | None:
        spare, self._spare = self._spare, None
        return spare if spare and spare.is_fresh() else None

    def _reserve(self, statement: object, values: dict[str, object]) -> Slot | None:
        # The row is hot and its loss in a crash costs nothing: do not wait for the disk.
        db.session.execute(text("SET LOCAL synchronous_commit = off"))
        row = db.session.execute(
            statement,  # type: ignore[call-overload]  # both are text()
            {**values, "spacing": self.spacing_seconds, "longest_wait": LONGEST_WAIT_SECONDS},
        ).one_or_none()
        db.session.commit()
        return Slot(row[0], time.monotonic() + float(row[1])) if row else None
