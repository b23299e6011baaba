"""What people do with messages: send, send again, take back."""

from uuid import uuid4

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.delivery.outbox import Sender, cancel, queue_message, send_again
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import bubbles, panels, thread
from kiaai.inbox.views import bp, conversation_or_404, dashboard_page, settings, thread_contents, viewer
from kiaai.models import Conversation, Message
from kiaai.texts import lazy
from kiaai.web.fragments import is_fragment
from kiaai.worker.doorbells import ring_delivery


@bp.post("/inbox/conversations/<int:conversation_id>/messages")
@login_required
def create_message(conversation_id: int) -> ResponseReturnValue:
    """Queue what was written and answer its bubble, or the composer with what is wrong."""
    opened = conversation_or_404(conversation_id)
    text = request.form.get("message", "").replace("\r\n", "\n")
    try:
        message = queue_message(opened, _sender(), text=text, idempotency_key=request.form.get("key"))
    except ValidationFailed as error:
        db.session.rollback()
        return _refused_composer(opened, text, error)
    db.session.commit()
    ring_delivery(opened.id)
    if not is_fragment():
        return redirect(url_for("inbox.conversation", conversation_id=opened.id), 303)
    page = thread.one_message_page(message)
    drawn = bubbles.bubble(page, message, viewer())
    return render_template("inbox/_message.html", bubble=drawn)


@bp.post("/inbox/messages/<int:message_id>/again")
@login_required
def repeat_message(message_id: int) -> ResponseReturnValue:
    """Send a message that failed, or whose fate is unknown, as a new one."""
    message = message_or_404(message_id)
    try:
        send_again(message, _sender())
    except ValidationFailed as error:
        db.session.rollback()
        return _toast(error.message)
    db.session.commit()
    ring_delivery(message.conversation_id)
    return thread_contents(conversation_or_404(message.conversation_id), _from_id())


@bp.post("/inbox/messages/<int:message_id>/cancel")
@login_required
def cancel_message(message_id: int) -> ResponseReturnValue:
    """Undo a message that has not left yet."""
    message = message_or_404(message_id)
    if not cancel(message.id):
        db.session.rollback()
        return _toast(lazy("Already sent: it cannot be taken back."))
    db.session.commit()
    return thread_contents(conversation_or_404(message.conversation_id), _from_id())


@bp.post("/inbox/messages/<int:message_id>/rewriting")
@login_required
def rewrite_message(message_id: int) -> ResponseReturnValue:
    """Answer the composer with the text of a message, to change it and send it as a new one."""
    message = message_or_404(message_id)
    opened = conversation_or_404(message.conversation_id)
    # What was being written stays: below the text that comes back.
    draft = request.form.get("message", "").strip()
    text = "\n".join(filter(None, (message.text, draft if draft != message.text else "")))
    return render_template("inbox/_composer.html", conversation=opened, text=text, key=uuid4())


def _refused_composer(opened: Conversation, text: str, error: ValidationFailed) -> ResponseReturnValue:
    reasons = error.fields.get("message") or [error.message]
    context = {"conversation": opened, "text": text, "reasons": reasons, "key": uuid4()}
    if is_fragment():
        return render_template("inbox/_composer.html", **context), 422
    opened_context = panels.open_panel(opened, viewer(), settings())
    return dashboard_page(**{**opened_context, **context}), 422


def _toast(text: str) -> ResponseReturnValue:
    return render_template("inbox/_toast.html", text=text), 422


def _sender() -> Sender:
    return Sender("user", user_id=current_user().id)


def _from_id() -> int | None:
    return request.form.get("from", type=int)


def message_or_404(message_id: int) -> Message:
    return thread.find_message(message_id) or abort(404)
