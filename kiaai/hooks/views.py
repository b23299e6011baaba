"""Webhooks, for admins: who is told of what, how that goes, and what was told last."""

import json
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required, current_user
from kiaai.config import Settings
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.hooks import queries, webhooks
from kiaai.hooks.bodies import envelope
from kiaai.hooks.reasons import reason_of
from kiaai.models import OutgoingWebhook
from kiaai.models.outgoing_webhook import OUTGOING_EVENTS
from kiaai.texts import lazy
from kiaai.web.fragments import is_unchanged, tag_of, tagged, unchanged
from kiaai.web.languages import asked_language
from kiaai.web.paging import read_cursor
from kiaai.web.saying import said

bp = Blueprint("hooks", __name__, url_prefix="/settings/webhooks")

EVENT_NAMES = {
    "message.received": lazy("A customer writes"),
    "message.status": lazy("A message of ours is sent, arrives, is read or fails"),
    "lead.changed": lazy("A person is new, or status, name, tags, notes or consent change"),
    "conversation.assigned": lazy("Somebody takes a conversation, gets it, or hands it back"),
}


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    return _list_page()


@bp.post("")
@admin_required
def create() -> ResponseReturnValue:
    try:
        url, events = _checked()
        webhook = webhooks.create_webhook(url, events, current_user().id)
    except ValidationFailed as refused:
        db.session.rollback()
        return _list_page(refused), 422
    db.session.commit()
    return _secret_page(webhook, 201)


@bp.get("/<int:webhook_id>")
@admin_required
def show(webhook_id: int) -> ResponseReturnValue:
    return _page(webhook_id)


@bp.post("/<int:webhook_id>")
@admin_required
def change(webhook_id: int) -> ResponseReturnValue:
    try:
        url, events = _checked()
        webhooks.change_webhook(webhook_id, url, events)
    except ValidationFailed as refused:
        db.session.rollback()
        return _page(webhook_id, refused), 422
    return _done(webhook_id, said(lazy("Saved")))


@bp.get("/<int:webhook_id>/deliveries")
@admin_required
def deliveries(webhook_id: int) -> ResponseReturnValue:
    """Answer what the page shows of the newest deliveries, for its poll."""
    context = _deliveries(webhook_id)
    if is_unchanged(context["tag"]):
        return unchanged()
    return tagged(render_template("hooks/_deliveries.html", **context), context["tag"])


@bp.post("/<int:webhook_id>/secret")
@admin_required
def renew(webhook_id: int) -> ResponseReturnValue:
    webhook = webhooks.renew_secret(webhook_id)
    db.session.commit()
    return _secret_page(webhook, 200)


@bp.post("/<int:webhook_id>/pause")
@admin_required
def pause(webhook_id: int) -> ResponseReturnValue:
    webhooks.set_active(webhook_id, False)
    return _done(webhook_id, said(lazy("The webhook is paused")))


@bp.post("/<int:webhook_id>/resumption")
@admin_required
def resume(webhook_id: int) -> ResponseReturnValue:
    webhooks.set_active(webhook_id, True)
    return _done(webhook_id, said(lazy("The webhook goes on")))


@bp.post("/<int:webhook_id>/test")
@admin_required
def test(webhook_id: int) -> ResponseReturnValue:
    try:
        webhooks.send_test(webhook_id)
    except ValidationFailed as refused:
        db.session.rollback()
        flash(said(refused.message))
        return redirect(url_for("hooks.show", webhook_id=webhook_id), 303)
    return _done(webhook_id, said(lazy("A test is on its way; the list shows how it went")))


@bp.post("/<int:webhook_id>/deletion")
@admin_required
def delete(webhook_id: int) -> ResponseReturnValue:
    webhooks.delete_webhook(webhook_id)
    db.session.commit()
    flash(said(lazy("The webhook was deleted")))
    return redirect(url_for("hooks.index"), 303)


@bp.get("/deliveries/<int:delivery_id>")
@admin_required
def show_delivery(delivery_id: int) -> ResponseReturnValue:
    """Show one delivery with the body that is sent."""
    delivery = webhooks.get_delivery(delivery_id)
    sent = envelope(delivery.event, delivery.key, delivery.created_at, delivery.payload)
    return render_template(
        "hooks/delivery.html",
        delivery=delivery,
        state=_state(delivery.webhook_id),
        body=json.dumps(sent, ensure_ascii=False, indent=2),
        reason=reason_of,
    )


@bp.post("/deliveries/<int:delivery_id>/again")
@admin_required
def send_again(delivery_id: int) -> ResponseReturnValue:
    webhook_id = webhooks.get_delivery(delivery_id).webhook_id
    try:
        webhooks.send_again(delivery_id)
    except ValidationFailed as refused:
        db.session.rollback()
        flash(said(refused.message))
        return redirect(url_for("hooks.show", webhook_id=webhook_id), 303)
    return _done(webhook_id, said(lazy("It is sent again")))


def _checked() -> tuple[str, list[str]]:
    """Return address and events of the form. Raises ValidationFailed."""
    settings: Settings = current_app.extensions["settings"]
    events = webhooks.check_events(request.form.getlist("events"))
    # Looking a name up may take seconds: nothing stays open meanwhile.
    db.session.commit()
    return webhooks.check_url(request.form.get("url", ""), settings.webhooks_allow_private), events


def _done(webhook_id: int, text: str) -> ResponseReturnValue:
    db.session.commit()
    webhooks.ring(webhook_id)
    flash(text)
    return redirect(url_for("hooks.show", webhook_id=webhook_id), 303)


def _secret_page(webhook: OutgoingWebhook, status: int) -> ResponseReturnValue:
    page = render_template("hooks/secret.html", webhook=webhook)
    return page, status, {"Cache-Control": "no-store"}


def _list_page(refused: ValidationFailed | None = None) -> str:
    return render_template(
        "hooks/list.html", states=queries.list_webhooks(), names=EVENT_NAMES, **_form(refused)
    )


def _page(webhook_id: int, refused: ValidationFailed | None = None) -> str:
    return render_template(
        "hooks/webhook.html", names=EVENT_NAMES, **_form(refused), **_deliveries(webhook_id)
    )


def _form(refused: ValidationFailed | None) -> dict[str, object]:
    """Return what stands in the form: what was sent when it was refused."""
    sent = {"url": request.form.get("url", ""), "events": request.form.getlist("events")} if refused else None
    return {"errors": refused.fields if refused else {}, "sent": sent, "events": OUTGOING_EVENTS}


def _deliveries(webhook_id: int) -> dict[str, Any]:
    state = _state(webhook_id)
    before = read_cursor(request.args.get("before"))
    page = queries.list_deliveries(webhook_id, before=before)
    webhook = state.webhook
    drawn = [(row.id, row.state, row.tries, row.status, row.error) for row in page.rows]
    how = (webhook.is_active, webhook.last_success_at, webhook.failing_since, state.waiting)
    tag = tag_of(current_user().id, asked_language(), request.args.get("before"), *how, *drawn)
    return {"state": state, "page": page, "before": before, "reason": reason_of, "tag": tag}


def _state(webhook_id: int) -> queries.State:
    state = queries.find_state(webhook_id)
    if state is None:
        raise NotFound(lazy("This webhook does not exist any more."))
    return state
