"""The journal of failed webhooks, for admins, with a button that applies one again."""

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required
from kiaai.accounts.journal import failed_events
from kiaai.extensions import db
from kiaai.models import WebhookEvent

bp = Blueprint("journal", __name__, url_prefix="/settings/journal")


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    return render_template("accounts/journal.html", events=failed_events())


@bp.post("/<int:event_id>/replay")
@admin_required
def replay_event(event_id: int) -> ResponseReturnValue:
    from kiaai.webhook.replay import replay

    if db.session.get(WebhookEvent, event_id) is None:
        abort(404)
    replay(event_id)
    return redirect(url_for("journal.index"), 303)
