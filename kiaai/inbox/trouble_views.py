"""What admins do when nothing is sent: try a paused channel again, release or cancel what is held."""

from flask import render_template
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required
from kiaai.delivery import channels, hold
from kiaai.extensions import db
from kiaai.inbox import panels
from kiaai.inbox.queries import ListFilter
from kiaai.inbox.views import bp, list_state_now


@bp.delete("/inbox/channels/<int:channel_id>/pause")
@admin_required
def resume_channel(channel_id: int) -> ResponseReturnValue:
    channels.resume(channel_id)
    return _banners()


@bp.delete("/inbox/hold")
@admin_required
def release_held() -> ResponseReturnValue:
    hold.release()
    db.session.commit()
    return _banners()


@bp.post("/inbox/hold/cancellation")
@admin_required
def cancel_held() -> ResponseReturnValue:
    hold.cancel_held()
    db.session.commit()
    return _banners()


def _banners() -> ResponseReturnValue:
    state = list_state_now(ListFilter())
    return render_template("inbox/_banners.html", **panels.banners(state.alerts, state.is_admin))
