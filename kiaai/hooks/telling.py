"""Sending what is due. It saves before and after each call, so it commits by itself."""

import logging
import time
from collections.abc import Callable

from kiaai.faults import fault_point
from kiaai.hooks import claiming
from kiaai.hooks.addresses import AddressRefused, place_of
from kiaai.hooks.bodies import body_of
from kiaai.hooks.claiming import Job
from kiaai.hooks.posting import Outcome, post
from kiaai.hooks.reasons import kept
from kiaai.hooks.signing import signature
from kiaai.transactions import commit
from kiaai.whatsapp.transport import Transport

log = logging.getLogger(__name__)

# The id that means: look what is due. Tracks are higher, as the first webhook has the id 1.
LOOK = 0
# While somebody listens, so often; the sweep alone would take five seconds to notice.
LOOK_EVERY_SECONDS = 1.0
# A track works so long, then the others have their turn.
TURN_SECONDS = 2.0

# Ids for the pool, each with the seconds after which it is due.
Next = list[tuple[int, float]]


class Teller:
    """Works for the pool of a worker: looks for due deliveries, and sends those of a track."""

    def __init__(self, allow_private: bool, is_stopping: Callable[[], bool]):
        self._allow_private = allow_private
        self._is_stopping = is_stopping
        self._transport = Transport()

    def work(self, id: int) -> Next:
        """Look, or send what is due on a track for a moment. Returns what to work on next. Commits."""
        if id == LOOK:
            return commit(_look)
        return [(id, 0.0)] if self._send_some(id) else []

    def _send_some(self, track: int) -> bool:
        """Return whether more may be due at once. After a failure the track rests until the next look."""
        until = time.monotonic() + TURN_SECONDS
        while not self._is_stopping():
            job = commit(lambda: claiming.claim(track))
            if job is None:
                return False
            fault_point("hook_after_claim")
            outcome = self._try(job)
            fault_point("hook_after_post")
            self._settle(job, outcome)
            if not outcome.is_delivered:
                return False
            if time.monotonic() > until:
                return True
        return False

    def _settle(self, job: Job, outcome: Outcome) -> None:
        commit(lambda: claiming.settle(job, outcome))
        if not outcome.is_delivered:
            log.info("Delivery %s to webhook %s failed: %s", job.key, job.webhook_id, outcome.error)

    def _try(self, job: Job) -> Outcome:
        try:
            place = place_of(job.url, self._allow_private)
        except AddressRefused as refused:
            return Outcome(error=kept(refused.kind, refused.detail))
        body = body_of(job.event, job.key, job.created_at, job.payload)
        return post(self._transport, place, _headers(job, body, int(time.time())), body)


def _look() -> Next:
    found: Next = [(track, 0.0) for track in claiming.due_tracks()]
    return [*found, (LOOK, LOOK_EVERY_SECONDS)] if claiming.is_anybody_listening() else found


def _headers(job: Job, body: bytes, at: int) -> dict[str, str]:
    from kiaai import __version__

    return {
        "Content-Type": "application/json",
        "User-Agent": f"Kia-Ai/{__version__}",
        "Accept-Encoding": "identity",
        "Kiaai-Event": job.event,
        "Kiaai-Delivery": str(job.key),
        "Kiaai-Signature": signature(job.secret, at, body),
    }
