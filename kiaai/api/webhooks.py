"""`/api/webhooks`: who is told of what happens here, and what was told. For keys, and for admins."""

from typing import Any

from flask import current_app

from kiaai.api import webhook_schemas as schemas
from kiaai.api.authentication import caller, require_admin, require_caller
from kiaai.api.routing import Routes
from kiaai.api.schemas import PageQuery
from kiaai.api.shapes import Shape
from kiaai.config import Settings
from kiaai.errors import NotFound
from kiaai.extensions import db
from kiaai.hooks import queries, webhooks
from kiaai.hooks.bodies import envelope
from kiaai.hooks.queries import State
from kiaai.hooks.reasons import reason_of
from kiaai.models import OutgoingDelivery
from kiaai.texts import lazy
from kiaai.web.saying import say

bp = Routes("Webhooks", __name__, url_prefix="/api/webhooks", description="Telling programs elsewhere")
require_caller(bp)
require_admin(bp)


@bp.route("")
@bp.response(200, schemas.WebhooksAnswer)
@bp.errors(403)
def list_webhooks() -> Shape:
    """List all webhooks and how they do."""
    return {"webhooks": [_shape(state) for state in queries.list_webhooks()]}


@bp.route("", methods=["POST"])
@bp.arguments(schemas.WebhookBody)
@bp.response(201, schemas.NewWebhookAnswer)
@bp.errors(403, 413)
def create_webhook(body: dict[str, Any]) -> Shape:
    """Make a webhook

    It is told of what happens from now on. What arrives, and how to check the signature: `docs/webhooks.md`.
    """
    settings: Settings = current_app.extensions["settings"]
    user_id = caller().user_id
    # Looking the name up may take seconds: nothing stays open meanwhile.
    db.session.commit()
    url = webhooks.check_url(body["url"], settings.webhooks_allow_private)
    webhook = webhooks.create_webhook(url, webhooks.check_events(body["events"]), user_id)
    db.session.commit()
    return {"webhook": _shape(State(webhook, 0)), "secret": webhook.secret}


@bp.route("/<int:webhook_id>")
@bp.response(200, schemas.WebhookAnswer)
@bp.errors(403, 404)
def show_webhook(webhook_id: int) -> Shape:
    """Show a webhook and how it does."""
    return {"webhook": _shape(_state_or_404(webhook_id))}


@bp.route("/<int:webhook_id>", methods=["PUT"])
@bp.arguments(schemas.WebhookChange)
@bp.response(200, schemas.WebhookAnswer)
@bp.errors(403, 404, 413)
def change_webhook(body: dict[str, Any], webhook_id: int) -> Shape:
    """Change a webhook, pause it, or let it go on

    What is absent stays as it is. What happens in a pause is not told; what waited already goes on waiting.
    """
    settings: Settings = current_app.extensions["settings"]
    known = _state_or_404(webhook_id).webhook
    url, events = known.url, known.events
    # Looking the name up may take seconds: nothing stays open meanwhile.
    db.session.commit()
    if "url" in body:
        url = webhooks.check_url(body["url"], settings.webhooks_allow_private)
    if "events" in body:
        events = webhooks.check_events(body["events"])
    if "url" in body or "events" in body:
        webhooks.change_webhook(webhook_id, url, events)
    if "is_active" in body:
        webhooks.set_active(webhook_id, body["is_active"])
    db.session.commit()
    if body.get("is_active"):
        webhooks.ring(webhook_id)
    return {"webhook": _shape(_state_or_404(webhook_id))}


@bp.route("/<int:webhook_id>/secret", methods=["POST"])
@bp.response(200, schemas.NewWebhookAnswer)
@bp.errors(403, 404)
def renew_secret(webhook_id: int) -> Shape:
    """Give a webhook another secret; the former signs nothing any more."""
    secret = webhooks.renew_secret(webhook_id).secret
    db.session.commit()
    return {"webhook": _shape(_state_or_404(webhook_id)), "secret": secret}


@bp.route("/<int:webhook_id>/test", methods=["POST"])
@bp.response(202, schemas.DeliveryAnswer)
@bp.errors(403, 404)
def send_test(webhook_id: int) -> Shape:
    """Send a webhook an event that says it is a test; a paused one answers 422."""
    delivery = webhooks.send_test(webhook_id)
    db.session.commit()
    webhooks.ring(webhook_id)
    return {"delivery": _delivery_shape(delivery)}


@bp.route("/<int:webhook_id>", methods=["DELETE"])
@bp.response(204)
@bp.errors(403, 404)
def delete_webhook(webhook_id: int) -> None:
    """Delete a webhook; what still waits for it is not sent."""
    webhooks.delete_webhook(webhook_id)
    db.session.commit()


@bp.route("/<int:webhook_id>/deliveries")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.DeliveriesAnswer)
@bp.errors(403, 404)
def list_deliveries(query: dict[str, Any], webhook_id: int) -> Shape:
    """List what a webhook was told, newest first."""
    _state_or_404(webhook_id)
    page = queries.list_deliveries(webhook_id, query["limit"], query["before"])
    return {"deliveries": [_delivery_shape(row) for row in page.rows], "next": page.next}


@bp.route("/deliveries/<int:delivery_id>/redeliver", methods=["POST"])
@bp.response(202, schemas.DeliveryAnswer)
@bp.errors(403, 404)
def redeliver(delivery_id: int) -> Shape:
    """Send a delivery again

    Whatever became of it, under the same key, and for another 24 hours. A paused webhook answers 422.
    """
    delivery = webhooks.send_again(delivery_id)
    db.session.commit()
    webhooks.ring(delivery.webhook_id)
    return {"delivery": _delivery_shape(delivery)}


def _state_or_404(webhook_id: int) -> State:
    state = queries.find_state(webhook_id)
    if state is None:
        raise NotFound(lazy("This webhook does not exist any more."))
    return state


def _shape(state: State) -> Shape:
    webhook = state.webhook
    names = ("id", "url", "events", "is_active", "last_success_at", "failing_since", "created_at")
    return {**{name: getattr(webhook, name) for name in names}, "waiting": state.waiting}


def _delivery_shape(delivery: OutgoingDelivery) -> Shape:
    names = ("id", "key", "event", "state", "tries", "status", "created_at", "next_try_at", "settled_at")
    sent = envelope(delivery.event, delivery.key, delivery.created_at, delivery.payload)
    return {
        **{name: getattr(delivery, name) for name in names},
        "error": say(reason_of(delivery.error, delivery.status)),
        "data": sent["data"],
    }
