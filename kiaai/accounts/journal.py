"""Reading the journal: the webhooks that could not be applied."""

from dataclasses import dataclass
from datetime import datetime

from kiaai.models import WebhookEvent
from kiaai.webhook.replay import failed_events

SHOWN = 100
BODY_SHOWN_BYTES = 20_000


@dataclass(frozen=True)
class FailedEvent:
    """A row of the journal as an admin reads it. body: the beginning of what Meta sent."""

    id: int
    received_at: datetime
    outcome: str
    error: str
    body: str
    is_cut: bool


def readable_events() -> list[FailedEvent]:
    """Return the newest webhooks that could not be applied."""
    return [_readable(event) for event in failed_events(SHOWN)]


def _readable(event: WebhookEvent) -> FailedEvent:
    return FailedEvent(
        id=event.id,
        received_at=event.received_at,
        outcome=event.outcome,
        error=event.error or "",
        body=event.body[:BODY_SHOWN_BYTES].decode(errors="replace"),
        is_cut=len(event.body) > BODY_SHOWN_BYTES,
    )
