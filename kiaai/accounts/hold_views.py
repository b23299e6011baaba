"""The hold as a page, for admins: what waits, and whether it goes or is cancelled."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required
from kiaai.delivery import hold
from kiaai.extensions import db
from kiaai.web.filters import iso

bp = Blueprint("hold", __name__, url_prefix="/settings/hold")

SHOWN = 100


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    """Show what is held before anything is decided."""
    return _page()


@bp.post("/release")
@admin_required
def release() -> ResponseReturnValue:
    """Let what was shown go."""
    if not _is_what_was_shown():
        return _page(is_stale=True), 409
    count = hold.release()
    db.session.commit()
    return redirect(url_for("hold.index", released=count), 303)


@bp.post("/cancellation")
@admin_required
def cancel() -> ResponseReturnValue:
    """Cancel what was shown."""
    if not _is_what_was_shown():
        return _page(is_stale=True), 409
    count = hold.cancel_held()
    db.session.commit()
    return redirect(url_for("hold.index", cancelled=count), 303)


def _is_what_was_shown() -> bool:
    """Tell whether the hold is the one that the person looked at: another one holds other messages."""
    held = hold.held()
    return held is not None and request.form.get("held_at") == iso(held.held_at)


def _page(is_stale: bool = False) -> str:
    return render_template(
        "accounts/hold.html",
        held=hold.held(),
        most_counted=hold.COUNTED,
        messages=hold.held_messages(SHOWN),
        is_stale=is_stale,
        released=request.args.get("released", type=int),
        cancelled=request.args.get("cancelled", type=int),
    )
