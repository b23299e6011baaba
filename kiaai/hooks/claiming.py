"""Which delivery is next, whose it is to try, and what became of it.

A webhook has a few tracks. A delivery belongs to one by its lead, and a process works on a track once at a
time: no receiver gets more than so many requests at once, and none takes the threads of the others.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kiaai.extensions import db
from kiaai.hooks.posting import Outcome
from kiaai.models.base import Json

TRACKS = 3
# Longer than a look-up and a post may take together: nobody tries what another still does.
CLAIM_SECONDS = 30
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5, 3600

# The time as a query of its own: the index then ends the search where nothing more is due.
_IS_DUE = "d.state = 'due' AND d.next_try_at <= (SELECT clock_timestamp())"
# What is told of one person goes one by one, and so, but for what is tried again, in its order.
_TRACK = f"coalesce(d.lead_id, d.id) % {TRACKS}"
_DUE_TRACKS = text(f"""
    SELECT w.id * {TRACKS} + number
    FROM outgoing_webhooks w CROSS JOIN generate_series(0, {TRACKS - 1}) number
    WHERE w.is_active AND EXISTS (SELECT FROM outgoing_deliveries d
        WHERE d.webhook_id = w.id AND {_IS_DUE} AND {_TRACK} = number)""")
_IS_ANYBODY_LISTENING = text("SELECT EXISTS (SELECT FROM outgoing_webhooks WHERE is_active)")
_CLAIM = text(f"""
    WITH one AS (
        SELECT d.id, w.url, w.secret
        FROM outgoing_deliveries d JOIN outgoing_webhooks w ON w.id = d.webhook_id
        WHERE d.webhook_id = :webhook_id AND w.is_active AND {_IS_DUE} AND {_TRACK} = :number
        ORDER BY d.next_try_at, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED)
    UPDATE outgoing_deliveries d SET tries = d.tries + 1,
        next_try_at = clock_timestamp() + make_interval(secs => {CLAIM_SECONDS})
    FROM one WHERE d.id = one.id
    RETURNING d.id, d.webhook_id, d.event, d.key, d.payload, d.tries, d.created_at, one.url, one.secret""")
_DELIVERED = text("""
    UPDATE outgoing_deliveries SET state = 'delivered', status = :status, error = NULL, next_try_at = NULL,
        settled_at = clock_timestamp()
    WHERE id = :id AND tries = :tries AND state = 'due'""")
_NOT_DELIVERED = text("""
    UPDATE outgoing_deliveries SET status = :status, error = :error,
        state = CASE WHEN is_over THEN 'failed' ELSE 'due' END,
        next_try_at = CASE WHEN NOT is_over
            THEN least(clock_timestamp() + make_interval(secs => :wait), give_up_at) END,
        settled_at = CASE WHEN is_over THEN clock_timestamp() END
    FROM (SELECT id AS own_id, give_up_at <= clock_timestamp() AS is_over
          FROM outgoing_deliveries WHERE id = :id) own
    WHERE id = own_id AND tries = :tries AND state = 'due'""")
# The row of a webhook is read by every message: it is written only when that says something new.
_WORKS = text("""
    UPDATE outgoing_webhooks SET last_success_at = clock_timestamp(), failing_since = NULL
    WHERE id = :id AND (failing_since IS NOT NULL OR last_success_at IS NULL
        OR last_success_at < clock_timestamp() - interval '10 s')""")
_FAILS = text("""
    UPDATE outgoing_webhooks SET failing_since = clock_timestamp()
    WHERE id = :id AND failing_since IS NULL""")


@dataclass(frozen=True)
class Job:
    """A delivery that is ours to try for a while."""

    id: int
    webhook_id: int
    event: str
    key: UUID
    payload: Json
    tries: int
    created_at: datetime
    url: str
    secret: str


def tracks_of(webhook_id: int) -> list[int]:
    """Return the tracks of a webhook, as a pool knows them."""
    return [webhook_id * TRACKS + number for number in range(TRACKS)]


def due_tracks() -> list[int]:
    """Return the tracks on which something is due."""
    return list(db.session.scalars(_DUE_TRACKS))


def is_anybody_listening() -> bool:
    """Tell whether there is a webhook that is on."""
    return bool(db.session.scalar(_IS_ANYBODY_LISTENING))


def claim(track: int) -> Job | None:
    """Take what is longest due on a track. A worker that dies leaves it due again, with the same key."""
    webhook_id, number = divmod(track, TRACKS)
    row = db.session.execute(_CLAIM, {"webhook_id": webhook_id, "number": number}).one_or_none()
    return Job(**row._mapping) if row else None


def settle(job: Job, outcome: Outcome) -> None:
    """Write down what came of a try; nothing when the delivery is no longer ours."""
    values = {"id": job.id, "tries": job.tries, "status": outcome.status}
    if outcome.is_delivered:
        db.session.execute(_DELIVERED, values)
    else:
        wait = seconds_until_retry(job.tries) * random.uniform(0.8, 1.0)
        db.session.execute(_NOT_DELIVERED, {**values, "error": outcome.error, "wait": wait})
    db.session.execute(_WORKS if outcome.is_delivered else _FAILS, {"id": job.webhook_id})


def seconds_until_retry(tries: int) -> int:
    """Return how long to wait after so many tries, 1 or more: doubling from 5 s, at most an hour."""
    return min(FIRST_WAIT_SECONDS << min(tries - 1, 20), LONGEST_WAIT_SECONDS)
