"""What people do with messages: send, send again, take back."""

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.delivery.outbox import UNDO_SECONDS, Sender, cancel, queue_message, send_again
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import bubbles, composing, drafts, thread
from kiaai.inbox.composer_views import refused
from kiaai.inbox.drafts import Written
from kiaai.inbox.note_views import create_note
from kiaai.inbox.views import bp, conversation_or_404, thread_contents, viewer
from kiaai.models import Conversation, Message
from kiaai.texts import lazy
from kiaai.web.fragments import is_fragment
from kiaai.worker.doorbells import ring_delivery


@bp.post("/inbox/conversations/<int:conversation_id>/messages")
@login_required
def create_message(conversation_id: int) -> ResponseReturnValue:
    """Queue what was written and answer its bubble, or the composer with what is wrong."""
    # One form writes both. Asked here, so that no slip of a script can send a note to a customer.
    if request.form.get("as") == "note":
        return create_note(conversation_id)
    opened = conversation_or_404(conversation_id)
    try:
        message = _queue(opened)
    except ValidationFailed as error:
        db.session.rollback()
        return refused(opened, _written(opened), error)
    drafts.clear_draft(current_user().id, opened.id, _text())
    db.session.commit()
    ring_delivery(opened.id, in_seconds=UNDO_SECONDS)
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
        send_again(message, _sender(), wait_seconds=UNDO_SECONDS)
    except ValidationFailed as error:
        db.session.rollback()
        return _toast(error.message)
    db.session.commit()
    ring_delivery(message.conversation_id, in_seconds=UNDO_SECONDS)
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
    # What was queued behind it may go now.
    ring_delivery(message.conversation_id)
    opened = conversation_or_404(message.conversation_id)
    contents = make_response(thread_contents(opened, _from_id()))
    if message.user_id == current_user().id and message.kind == "text":
        quote = composing.strip(_answered_by(message), viewer())
        back = render_template("inbox/_undone.html", message=message, quote=quote)
        contents.set_data(contents.get_data(as_text=True) + back)
    return contents


@bp.post("/inbox/messages/<int:message_id>/rewriting")
@login_required
def rewrite_message(message_id: int) -> ResponseReturnValue:
    """Answer the composer with the text of a message, to change it and send it as a new one."""
    message = message_or_404(message_id)
    opened = conversation_or_404(message.conversation_id)
    # What was being written stays: below the text that comes back.
    draft = request.form.get("message", "").strip()
    text = "\n".join(filter(None, (message.text, draft if draft != message.text else "")))
    context = composing.composer(
        opened, viewer(), Written(text, request.form.get("as") == "note" and bool(draft))
    )
    return render_template("inbox/_composer.html", **context)


def _queue(opened: Conversation) -> Message:
    answered = composing.answered_message(opened, request.form.get("reply_to", type=int))
    return queue_message(
        opened,
        _sender(),
        text=_text(),
        reply_to=answered.message_id if answered else None,
        idempotency_key=request.form.get("key"),
        wait_seconds=UNDO_SECONDS,
    )


def _text() -> str:
    return request.form.get("message", "").replace("\r\n", "\n")


def _written(opened: Conversation) -> Written:
    """Return what was to be sent, for the composer that comes back."""
    reply_to_id = request.form.get("reply_to", type=int)
    reply_to = thread.find_message(reply_to_id) if reply_to_id else None
    is_here = reply_to is not None and reply_to.conversation_id == opened.id
    return Written(_text(), reply_to=reply_to if is_here else None)


def _answered_by(message: Message) -> Message | None:
    return thread.one_message_page(message).targets.get(message.reply_to or "")


def _toast(text: str) -> ResponseReturnValue:
    return render_template("inbox/_toast.html", text=text), 422


def _sender() -> Sender:
    return Sender("user", user_id=current_user().id)


def _from_id() -> int | None:
    return request.form.get("from", type=int)


def message_or_404(message_id: int) -> Message:
    return thread.find_message(message_id) or abort(404)
