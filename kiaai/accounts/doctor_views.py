"""The doctor as a page, for admins."""

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.accounts.access import admin_required
from kiaai.doctor.examining import examine
from kiaai.doctor.findings import are_well
from kiaai.extensions import db
from kiaai.texts import lazy

bp = Blueprint("doctor", __name__, url_prefix="/settings/doctor")

# A person waits for the page: what is slower than this is a finding itself.
PAGE_SECONDS = 4.0

NAMES = {
    "database": lazy("Database"),
    "migrations": lazy("Migrations"),
    "worker": lazy("Worker"),
    "clock": lazy("Clock"),
    "queue": lazy("Queue"),
    "last event": lazy("Last event"),
    "last status": lazy("Last status"),
    "receipts": lazy("Receipts"),
    "journal": lazy("Journal"),
    "pause": lazy("Pause"),
    "hold": lazy("Hold"),
    "disk": lazy("Disk"),
    "broker": lazy("Broker"),
    "token": lazy("Token"),
    "number": lazy("Number"),
    "quality": lazy("Quality"),
    "webhook": lazy("Webhook"),
    "model": lazy("Model"),
}


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    """Show what is well and what needs doing."""
    # No transaction stays open while WhatsApp and the broker are asked.
    db.session.rollback()
    findings = examine(current_app._get_current_object(), PAGE_SECONDS)  # type: ignore[attr-defined]  # what the proxy stands for
    # What needs doing comes first; the rest keeps its order.
    findings.sort(key=lambda finding: finding.state != "look")
    return render_template(
        "accounts/doctor.html", findings=findings, names=NAMES, is_well=are_well(findings), at=clock.now()
    )
