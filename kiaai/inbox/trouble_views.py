"""What admins do when nothing is sent: try a paused channel again."""

from flask import render_template
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required
from kiaai.delivery import channels
from kiaai.inbox.banners import banners
from kiaai.inbox.queries import ListFilter
from kiaai.inbox.views import bp, list_state_now
from kiaai.web.languages import asked_language


@bp.delete("/inbox/channels/<int:channel_id>/pause")
@admin_required
def resume_channel(channel_id: int) -> ResponseReturnValue:
    """Send again; when WhatsApp still refuses, the first message pauses the channel anew."""
    channels.resume(channel_id)
    state = list_state_now(ListFilter())
    news = banners(state.alerts, state.is_admin, asked_language())
    return render_template("inbox/_banners.html", banners=news)
