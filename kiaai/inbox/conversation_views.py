"""What people do in a conversation: read it, take it over from the bot and hand it back, mark its number."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.delivery import ownership
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.answer_views import Undo, done, refused
from kiaai.inbox.reading import mark_read
from kiaai.inbox.views import bp, conversation_or_404, thread_contents
from kiaai.leads import wrong_number
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation
from kiaai.texts import lazy
from kiaai.worker.doorbells import ring_read


@bp.post("/inbox/conversations/<int:conversation_id>/read")
@login_required
def read(conversation_id: int) -> ResponseReturnValue:
    """Note that everything up to `message` was shown to a person."""
    opened = conversation_or_404(conversation_id)
    if mark_read(opened, request.form.get("message", 0, type=int)):
        db.session.commit()
        ring_read(opened.id)
    else:
        db.session.rollback()
    return "", 204


@bp.post("/inbox/conversations/<int:conversation_id>/takeover")
@login_required
def take_over(conversation_id: int) -> ResponseReturnValue:
    opened = ownership.lock(conversation_or_404(conversation_id).id)
    was_somebodys = opened.assignee_id is not None
    ownership.take_over(opened, current_user().id)
    # To hand back leaves it to nobody, which takes nothing back where somebody had it.
    undo = None if was_somebodys else Undo("delete", url_for("inbox.hand_back", conversation_id=opened.id))
    return done(opened, lazy("You answer now, the bot is quiet"), undo)


@bp.delete("/inbox/conversations/<int:conversation_id>/takeover")
@login_required
def hand_back(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    ownership.hand_back(opened, current_user().id)
    return done(opened, lazy("The bot answers again"))


@bp.put("/inbox/conversations/<int:conversation_id>/bot")
@login_required
def set_bot(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    is_on = request.form.get("bot_enabled") in ("on", "true", "1")
    ownership.set_bot_enabled(opened, is_on, Actor("user", current_user().id))
    return done(opened, lazy("The bot may answer here") if is_on else lazy("The bot stays off here"))


@bp.post("/inbox/conversations/<int:conversation_id>/wrong-number")
@login_required
def mark_wrong_number(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    try:
        wrong_number.mark_wrong_number(opened.lead, Actor("user", current_user().id))
    except ValidationFailed as error:
        return refused(error)
    return _changed_thread(opened)


@bp.delete("/inbox/conversations/<int:conversation_id>/wrong-number")
@login_required
def unmark_wrong_number(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    wrong_number.unmark_wrong_number(opened.lead, Actor("user", current_user().id))
    return _changed_thread(opened)


def _changed_thread(opened: Conversation) -> ResponseReturnValue:
    """Save, and answer the messages too: their cards show what was changed."""
    db.session.commit()
    return thread_contents(conversation_or_404(opened.id), request.values.get("from", type=int))
