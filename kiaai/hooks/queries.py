"""The reads of the webhook pages: how each one does, and what it was told last."""

from dataclasses import dataclass

from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.models import OutgoingDelivery, OutgoingWebhook
from kiaai.web.paging import Cursor

PAGE = 50
MOST_COUNTED = 1000

_WAITING = text(f"""
    SELECT w.id, (SELECT count(*) FROM (SELECT FROM outgoing_deliveries d
        WHERE d.webhook_id = w.id AND d.state = 'due' LIMIT {MOST_COUNTED + 1}) counted)
    FROM outgoing_webhooks w""")


@dataclass(frozen=True)
class State:
    """A webhook and how many deliveries wait for it. is_many: there are more of them than are counted."""

    webhook: OutgoingWebhook
    waiting: int

    @property
    def is_many(self) -> bool:
        return self.waiting > MOST_COUNTED


@dataclass(frozen=True)
class Page:
    """Deliveries, the newest first, and where the next page begins."""

    rows: list[OutgoingDelivery]
    next: Cursor | None


def list_webhooks() -> list[State]:
    """Return all webhooks, in the order in which they were made."""
    waiting: dict[int, int] = {row[0]: row[1] for row in db.session.execute(_WAITING)}
    webhooks = db.session.scalars(select(OutgoingWebhook).order_by(OutgoingWebhook.id))
    return [State(webhook, waiting.get(webhook.id, 0)) for webhook in webhooks]


def find_state(webhook_id: int) -> State | None:
    """Return one webhook."""
    return next((state for state in list_webhooks() if state.webhook.id == webhook_id), None)


def list_deliveries(webhook_id: int, limit: int = PAGE, before: Cursor | None = None) -> Page:
    """Return what a webhook was told, the newest first."""
    wanted = select(OutgoingDelivery).where(OutgoingDelivery.webhook_id == webhook_id)
    if before:
        # By id alone, which is the order of the index; the time in the cursor is only carried along.
        wanted = wanted.where(OutgoingDelivery.id < before.id)
    rows = list(db.session.scalars(wanted.order_by(OutgoingDelivery.id.desc()).limit(limit + 1)))
    shown = rows[:limit]
    return Page(shown, Cursor(shown[-1].created_at, shown[-1].id) if len(rows) > limit else None)
