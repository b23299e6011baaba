"""The journal of failed webhooks, for admins, with a button that applies one again."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required
from kiaai.accounts.journal import readable_events
from kiaai.webhook.replay import replay

bp = Blueprint("journal", __name__, url_prefix="/settings/journal")


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    return render_template("accounts/journal.html", events=readable_events())


@bp.post("/<int:event_id>/replay")
@admin_required
def replay_event(event_id: int) -> ResponseReturnValue:
    """Apply it again; the page then shows its new reason, or no longer shows it."""
    replay(event_id)
    return redirect(url_for("journal.index", _anchor=f"event-{event_id}"), 303)
