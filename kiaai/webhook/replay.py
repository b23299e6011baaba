"""Apply journal rows again. Applying twice changes nothing, so it is always safe."""

from flask import current_app
from sqlalchemy import select, text

from kiaai import clock
from kiaai.config import Settings
from kiaai.errors import NotFound
from kiaai.extensions import db
from kiaai.models import WebhookEvent
from kiaai.webhook.receiving import receive


def replay(event_id: int) -> WebhookEvent:
    """Apply one journal row again and return it with its new outcome. Commits.

    Raises NotFound when there is no such row, or its body was erased.
    """
    event = db.session.get(WebhookEvent, event_id)
    if event is None or event.outcome == "erased":
        raise NotFound(f"There is no webhook event {event_id} that can be applied again.")
    body, received_at = event.body, event.received_at
    db.session.commit()
    settings: Settings = current_app.extensions["settings"]
    received = receive(body, received_at, settings, event_id)
    db.session.execute(
        text(
            "UPDATE webhook_events SET outcome = :outcome, error = :error, replayed_at = :now,"
            " replay_at = CASE WHEN :is_unfinished THEN clock_timestamp() + interval '5 minutes' END"
            # Somebody whom it spoke of may have been erased meanwhile: then it stays erased.
            " WHERE id = :id AND outcome <> 'erased'"
        ),
        {
            "id": event_id,
            "outcome": received.outcome,
            "error": received.error,
            "now": clock.now(),
            "is_unfinished": received.taken.is_unfinished,
        },
    )
    db.session.commit()
    return db.session.get_one(WebhookEvent, event_id, populate_existing=True)


def failed_ids() -> list[int]:
    """Return the ids of all journal rows that could not be applied or routed, oldest first."""
    return list(
        db.session.scalars(
            select(WebhookEvent.id)
            .where(WebhookEvent.outcome.in_(("failed", "unroutable")))
            .order_by(WebhookEvent.id)
        )
    )


def failed_events(limit: int = 200) -> list[WebhookEvent]:
    """Return the newest journal rows that could not be applied or routed."""
    return list(
        db.session.scalars(
            select(WebhookEvent)
            .where(WebhookEvent.outcome.in_(("failed", "unroutable")))
            .order_by(WebhookEvent.id.desc())
            .limit(limit)
        )
    )
