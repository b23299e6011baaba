"""The inbox's pages, polls and buttons."""

from uuid import uuid4

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.accounts.access import admin_required, answer_stranger, current_user, login_required, session_key
from kiaai.config import Settings
from kiaai.delivery import channels, hold, ownership
from kiaai.delivery.outbox import Sender, cancel, queue_message, send_again
from kiaai.errors import ValidationFailed
from kiaai.extensions import db, limiter
from kiaai.inbox import bubbles, closing, panels, queries, thread
from kiaai.inbox.panels import Viewer
from kiaai.inbox.queries import ListFilter, ListState
from kiaai.inbox.reading import mark_read
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation, Message
from kiaai.web.fragments import is_fragment, is_unchanged, tagged, unchanged
from kiaai.web.paging import read_cursor
from kiaai.worker.doorbells import ring_delivery, ring_read

bp = Blueprint("inbox", __name__)


@bp.get("/")
@login_required
def dashboard() -> ResponseReturnValue:
    """Show the inbox with nothing open; `Back` asks for that part alone."""
    if is_fragment():
        return render_template("inbox/_nothing.html")
    return _dashboard()


@bp.get("/inbox/")
def start() -> ResponseReturnValue:
    return redirect(url_for("inbox.dashboard"), 303)


@bp.get("/inbox/conversations/<int:conversation_id>")
@login_required
def conversation(conversation_id: int) -> ResponseReturnValue:
    """Show one conversation beside the list, or only it when it is opened from there."""
    opened = conversation_or_404(conversation_id)
    context = panels.open_panel(opened, _viewer(), _settings())
    if is_fragment():
        return render_template("inbox/_open.html", **context, key=uuid4())
    return _dashboard(**context, key=uuid4())


@bp.get("/inbox/conversations")
@limiter.exempt
def conversations() -> ResponseReturnValue:
    """Answer the contents of the list, or 304; one query when nothing is new."""
    wanted = _wanted()
    state = queries.list_state(session_key(), wanted, clock.now())
    if state is None:
        return answer_stranger()
    if is_unchanged(panels.list_tag(state, wanted, wanted.until)):
        return unchanged()
    context = panels.list_panel(state, wanted)
    return tagged(render_template("inbox/_list_poll.html", **context), context["list_tag"])


@bp.get("/inbox/conversations/panel")
@login_required
def conversation_list() -> ResponseReturnValue:
    """Answer the whole list, for another tab or search: it replaces the one that is there."""
    wanted = _wanted()
    return render_template("inbox/_conversations.html", **panels.list_panel(_list_state(wanted), wanted))


@bp.get("/inbox/conversations/older")
@login_required
def older_conversations() -> ResponseReturnValue:
    """Answer the next rows of the list, in place of the line that asked for them."""
    wanted = _wanted()
    before = read_cursor(request.args.get("before"))
    if before is None:
        abort(400)
    page = queries.older_page(wanted, before, clock.now())
    return render_template("inbox/_rows.html", **panels.rows(page, wanted))


@bp.get("/inbox/conversations/<int:conversation_id>/messages")
@limiter.exempt
def messages(conversation_id: int) -> ResponseReturnValue:
    """Answer the contents of the thread and what stands around it, or 304."""
    state = thread.thread_state(session_key(), conversation_id)
    if state is None:
        return answer_stranger()
    if state.version is None:
        abort(404)
    from_id = request.args.get("from", type=int)
    if is_unchanged(panels.thread_tag(state.user_id, conversation_id, state.version, from_id)):
        return unchanged()
    return _thread_contents(conversation_or_404(conversation_id), from_id)


@bp.get("/inbox/conversations/<int:conversation_id>/messages/older")
@login_required
def older_messages(conversation_id: int) -> ResponseReturnValue:
    """Answer the page above a message, in place of the line that asked for it."""
    opened = conversation_or_404(conversation_id)
    page = thread.older_messages(opened.id, request.args.get("before", 0, type=int))
    return render_template("inbox/_items.html", **panels.messages(opened, page, _viewer(), _settings()))


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
    drawn = bubbles.bubble(page, message, current_user().id)
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
    return _thread_contents(conversation_or_404(message.conversation_id), _from_id())


@bp.post("/inbox/messages/<int:message_id>/cancel")
@login_required
def cancel_message(message_id: int) -> ResponseReturnValue:
    """Undo a message that has not left yet."""
    message = message_or_404(message_id)
    if not cancel(message.id):
        db.session.rollback()
        return _toast("Already sent: it cannot be taken back.")
    db.session.commit()
    return _thread_contents(conversation_or_404(message.conversation_id), _from_id())


@bp.post("/inbox/conversations/<int:conversation_id>/read")
@login_required
@limiter.exempt
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
    opened = conversation_or_404(conversation_id)
    ownership.take_over(opened, current_user().id)
    return _changed(opened)


@bp.delete("/inbox/conversations/<int:conversation_id>/takeover")
@login_required
def hand_back(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    ownership.hand_back(opened, current_user().id)
    return _changed(opened)


@bp.put("/inbox/conversations/<int:conversation_id>/bot")
@login_required
def set_bot(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    ownership.set_bot_enabled(opened, request.form.get("bot_enabled") in ("on", "true", "1"))
    return _changed(opened)


@bp.post("/inbox/conversations/<int:conversation_id>/closure")
@login_required
def close(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    closing.close(opened, current_user().id)
    return _changed(opened)


@bp.delete("/inbox/conversations/<int:conversation_id>/closure")
@login_required
def reopen(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    closing.reopen(opened, current_user().id)
    return _changed(opened)


@bp.patch("/inbox/conversations/<int:conversation_id>/lead")
@login_required
def change_lead(conversation_id: int) -> ResponseReturnValue:
    """Change what was sent of the lead, each field by itself."""
    opened = conversation_or_404(conversation_id)
    actor, form = Actor("user", current_user().id), request.form
    try:
        if "customer_name" in form:
            pipeline.rename(opened.lead, form["customer_name"], actor)
        if "lead_status" in form:
            pipeline.set_status(opened.lead, form["lead_status"], actor)
        if "tags" in form:
            pipeline.set_tags(opened.lead, form["tags"].split(","), actor)
        if "notes" in form:
            pipeline.set_notes(opened.lead, form["notes"].replace("\r\n", "\n"), actor)
    except ValidationFailed as error:
        db.session.rollback()
        return " ".join(reason for reasons in error.fields.values() for reason in reasons), 422
    return _changed(opened)


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


def conversation_or_404(conversation_id: int) -> Conversation:
    """Return the conversation; every person of the team may open each."""
    return thread.find_conversation(conversation_id) or abort(404)


def message_or_404(message_id: int) -> Message:
    return thread.find_message(message_id) or abort(404)


def _dashboard(**opened: object) -> str:
    wanted = _wanted()
    context = panels.list_panel(_list_state(wanted), wanted)
    return render_template("inbox/dashboard.html", **{**context, **opened})


def _thread_contents(opened: Conversation, from_id: int | None) -> ResponseReturnValue:
    context = panels.open_panel(opened, _viewer(), _settings(), from_id)
    return tagged(render_template("inbox/_thread_poll.html", **context), context["thread_tag"])


def _changed(opened: Conversation) -> ResponseReturnValue:
    """Save, and answer what stands around the messages as it is now."""
    db.session.commit()
    return render_template("inbox/_sides.html", **panels.sides(opened, _viewer(), _settings()))


def _refused_composer(opened: Conversation, text: str, error: ValidationFailed) -> ResponseReturnValue:
    reasons = error.fields.get("message") or [error.message]
    context = {"conversation": opened, "text": text, "reasons": reasons, "key": uuid4()}
    if is_fragment():
        return render_template("inbox/_composer.html", **context), 422
    opened_context = panels.open_panel(opened, _viewer(), _settings())
    return _dashboard(**{**opened_context, **context}), 422


def _banners() -> ResponseReturnValue:
    state = _list_state(ListFilter())
    return render_template("inbox/_banners.html", **panels.banners(state.alerts, state.is_admin))


def _toast(text: str) -> ResponseReturnValue:
    return render_template("inbox/_toast.html", text=text), 422


def _list_state(wanted: ListFilter) -> ListState:
    state = queries.list_state(current_user().fs_uniquifier, wanted, clock.now())
    return state or abort(401)


def _wanted() -> ListFilter:
    return ListFilter.read(request.args.get("tab"), request.args.get("q"), request.args.get("until"))


def _from_id() -> int | None:
    return request.form.get("from", type=int)


def _sender() -> Sender:
    return Sender("user", user_id=current_user().id)


def _viewer() -> Viewer:
    return Viewer(current_user().id, current_user().is_admin)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
