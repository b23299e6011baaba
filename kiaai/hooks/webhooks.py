"""The addresses that are told: make, change, pause and delete them, test them, and tell something again."""

from collections.abc import Iterable

from sqlalchemy import text

from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.hooks.addresses import AddressRefused, place_of
from kiaai.hooks.claiming import tracks_of
from kiaai.hooks.signing import new_secret
from kiaai.models import OutgoingDelivery, OutgoingWebhook
from kiaai.models.outgoing_webhook import OUTGOING_EVENTS
from kiaai.texts import Text, lazy
from kiaai.whatsapp.cleaning import clean_text
from kiaai.worker.doorbells import ring_hooks

MOST_WEBHOOKS = 20
TEST_EVENT = "test"
_TEST = {"note": "This is a test. What happens from now on comes in the same form."}
_LARGEST_ID = 2**63

_FORGET = text("DELETE FROM outgoing_deliveries WHERE webhook_id = :id")
_AGAIN = text("""
    UPDATE outgoing_deliveries SET state = 'due', tries = 0, status = NULL, error = NULL, settled_at = NULL,
        next_try_at = clock_timestamp(), give_up_at = clock_timestamp() + interval '24 hours'
    WHERE id = :id RETURNING id""")
_GONE = lazy("This delivery is not kept any more.")


def check_url(url: str, allow_private: bool) -> str:
    """Return the address, trimmed, when a webhook may go there. Raises ValidationFailed naming `url`.

    Looks its name up, which may take seconds: no transaction should be open.
    """
    url = clean_text(url).strip()
    try:
        place_of(url, allow_private)
    except AddressRefused as refused:
        raise _refused("url", refused.reason) from None
    return url


def check_events(events: Iterable[str]) -> list[str]:
    """Return the events, each once. Raises ValidationFailed naming `events`."""
    wanted = set(events)
    if not wanted:
        raise _refused("events", lazy("Choose at least one."))
    if not wanted <= set(OUTGOING_EVENTS):
        raise _refused("events", lazy("Must be of: %(names)s.", names=", ".join(OUTGOING_EVENTS)))
    return [event for event in OUTGOING_EVENTS if event in wanted]


def create_webhook(url: str, events: list[str], user_id: int | None = None) -> OutgoingWebhook:
    """Add a webhook to a checked address; it is told of what happens from here on."""
    if db.session.query(OutgoingWebhook).count() >= MOST_WEBHOOKS:
        raise _refused("url", lazy("There are %(limit)s webhooks already.", limit=MOST_WEBHOOKS))
    webhook = OutgoingWebhook(url=url, events=events, secret=new_secret(), user_id=user_id)
    db.session.add(webhook)
    db.session.flush()
    return webhook


def change_webhook(webhook_id: int, url: str, events: list[str]) -> OutgoingWebhook:
    """Send to this checked address from now on, also what waits. Raises NotFound."""
    webhook = get_webhook(webhook_id)
    webhook.url, webhook.events = url, events
    return webhook


def renew_secret(webhook_id: int) -> OutgoingWebhook:
    """Give a webhook another secret; the former signs nothing any more. Raises NotFound."""
    webhook = get_webhook(webhook_id)
    webhook.secret = new_secret()
    return webhook


def set_active(webhook_id: int, is_active: bool) -> OutgoingWebhook:
    """Pause a webhook or let it go on. What happens in a pause is not told; what waits goes on waiting.

    Raises NotFound.
    """
    webhook = get_webhook(webhook_id)
    webhook.is_active = is_active
    return webhook


def delete_webhook(webhook_id: int) -> OutgoingWebhook:
    """Delete a webhook with all that it was told and what still waits. Raises NotFound."""
    webhook = get_webhook(webhook_id)
    db.session.delete(webhook)
    db.session.flush()
    db.session.execute(_FORGET, {"id": webhook_id})
    return webhook


def send_test(webhook_id: int) -> OutgoingDelivery:
    """Queue an event that says it is a test; a paused webhook refuses. Raises NotFound, ValidationFailed."""
    _require_active(get_webhook(webhook_id))
    delivery = OutgoingDelivery(webhook_id=webhook_id, event=TEST_EVENT, payload=_TEST)
    db.session.add(delivery)
    db.session.flush()
    return delivery


def send_again(delivery_id: int) -> OutgoingDelivery:
    """Let a delivery be due again, whatever became of it, for another 24 hours, under the same key.

    Raises NotFound, and ValidationFailed while its webhook is paused.
    """
    delivery = get_delivery(delivery_id)
    _require_active(get_webhook(delivery.webhook_id))
    if db.session.scalar(_AGAIN, {"id": delivery_id}) is None:
        raise NotFound(_GONE)
    db.session.refresh(delivery)
    return delivery


def ring(webhook_id: int) -> None:
    """Wake whoever sends; after the commit."""
    for track in tracks_of(webhook_id):
        ring_hooks(track)


def get_webhook(webhook_id: int) -> OutgoingWebhook:
    """Return the webhook, its row locked. Raises NotFound."""
    found = None
    if webhook_id < _LARGEST_ID:
        found = db.session.get(OutgoingWebhook, webhook_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(lazy("This webhook does not exist any more."))
    return found


def get_delivery(delivery_id: int) -> OutgoingDelivery:
    """Return the delivery. Raises NotFound."""
    found = db.session.get(OutgoingDelivery, delivery_id) if delivery_id < _LARGEST_ID else None
    if found is None:
        raise NotFound(_GONE)
    return found


def _require_active(webhook: OutgoingWebhook) -> None:
    if not webhook.is_active:
        raise _refused("webhook", lazy("This webhook is paused. Let it go on first."))


def _refused(field: str, reason: Text) -> ValidationFailed:
    return ValidationFailed(reason, {field: [reason]})
