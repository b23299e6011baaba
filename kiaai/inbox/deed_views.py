"""What people do with a conversation from its head: assign, snooze, close, mark, block, delete."""

import logging
from datetime import UTC, datetime

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.accounts.access import admin_required, current_user, login_required
from kiaai.business import read_business
from kiaai.delivery.ownership import lock
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import assigning, blocking, closing, erasing, priorities, snoozing, timeline
from kiaai.inbox.answer_views import Undo, done, refused, require_unchanged, unseen
from kiaai.inbox.bulk_views import CHANGED
from kiaai.inbox.history import lines
from kiaai.inbox.reading import mark_unread
from kiaai.inbox.views import bp, conversation_or_404, settings, viewer
from kiaai.leads.pipeline import Actor
from kiaai.media import media_folder
from kiaai.models import Conversation, User
from kiaai.texts import Text, lazy

log = logging.getLogger(__name__)

# To block puts a conversation away. Who takes that back wants it where it was.
_REOPENED = "reopened"
# The same of who closes what was snoozed: when it was to come back.
_SLEPT_UNTIL = "slept_until"
_ONE = "/inbox/conversations/<int:conversation_id>"


@bp.get(f"{_ONE}/assignee")
@login_required
def team(conversation_id: int) -> ResponseReturnValue:
    """Answer whom the conversation may be given to."""
    opened = conversation_or_404(conversation_id)
    words = request.args.get("q", "")
    people = assigning.find_team(words)
    context = {"team": people, "is_large": bool(words) or assigning.is_large(people)}
    return render_template("inbox/_head_team.html", conversation=opened, viewer=viewer(), **context)


@bp.put(f"{_ONE}/assignee")
@login_required
def assign(conversation_id: int) -> ResponseReturnValue:
    # Locked before it is read: what was there is what an undo brings back.
    opened = lock(conversation_or_404(conversation_id).id)
    former = opened.assignee_id
    raw = request.form.get("user_id", "").strip()
    # Nobody has the id 0.
    to_id = (int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0) if raw else None
    try:
        require_unchanged({"user_id": str(former or "")})
        assigning.assign(opened, to_id, _actor())
    except ValidationFailed as error:
        return refused(error)
    address = url_for("inbox.assign", conversation_id=opened.id)
    undo = Undo("put", address, {"user_id": str(former or ""), "user_id_was": str(to_id or "")})
    return done(opened, _assigned(to_id), undo if former != to_id else None)


@bp.put(f"{_ONE}/snooze")
@login_required
def snooze(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    try:
        until = snoozing.moment(request.form.get("until", ""), clock.now(), read_business(settings()).zone)
    except ValidationFailed as error:
        return refused(error)
    if answer := unseen(opened):
        return answer
    snoozing.snooze(opened, until, _actor())
    undo = Undo("delete", url_for("inbox.wake", conversation_id=opened.id))
    return done(opened, lazy("Snoozed"), undo)


@bp.delete(f"{_ONE}/snooze")
@login_required
def wake(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    snoozing.wake(opened, _actor())
    return done(opened, lazy("Back in the list"))


@bp.post(f"{_ONE}/closure")
@login_required
def close(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    if answer := unseen(opened):
        return answer
    opened = lock(opened.id)
    slept_until = opened.snoozed_until if opened.state == "snoozed" else None
    closing.close(opened, _actor())
    fields = {_SLEPT_UNTIL: slept_until.isoformat()} if slept_until else {}
    undo = Undo("delete", url_for("inbox.reopen", conversation_id=opened.id), fields)
    return done(opened, lazy("Conversation closed"), undo)


@bp.delete(f"{_ONE}/closure")
@login_required
def reopen(conversation_id: int) -> ResponseReturnValue:
    opened = lock(conversation_or_404(conversation_id).id)
    until = _slept_until()
    if until is None:
        closing.reopen(opened, _actor())
    elif opened.state == "closed":
        snoozing.snooze(opened, until, _actor())
    return done(opened, lazy("Conversation open again"))


@bp.post(f"{_ONE}/unread")
@login_required
def unread(conversation_id: int) -> ResponseReturnValue:
    """Mark as unread and leave the conversation: whoever looks at it would read it again."""
    opened = conversation_or_404(conversation_id)
    try:
        mark_unread(opened)
    except ValidationFailed as error:
        return refused(error)
    db.session.commit()
    html = render_template("inbox/_head_left.html", words=lazy("Marked as unread"))
    return html, 200, {"HX-Trigger": CHANGED}


@bp.put(f"{_ONE}/priority")
@login_required
def set_priority(conversation_id: int) -> ResponseReturnValue:
    opened = lock(conversation_or_404(conversation_id).id)
    former, wanted = opened.priority, request.form.get("priority", "")
    try:
        require_unchanged({"priority": former})
        priorities.set_priority(opened, wanted, current_user().id)
    except ValidationFailed as error:
        return refused(error)
    words = lazy("Priority: %(name)s", name=priorities.PRIORITY_NAMES[wanted])
    address = url_for("inbox.set_priority", conversation_id=opened.id)
    undo = Undo("put", address, {"priority": former, "priority_was": wanted})
    return done(opened, words, undo if former != wanted else None)


@bp.put(f"{_ONE}/block")
@login_required
def block(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    was_open = opened.state == "open"
    is_new = blocking.block(opened.lead, clock.now(), current_user().id)
    db.session.commit()
    words = lazy("Blocked.")
    if is_new and not _is_told(opened, is_blocked=True):
        words = lazy("Blocked here. WhatsApp's own block list did not take it.")
    fields = {_REOPENED: "1"} if was_open else {}
    undo = Undo("delete", url_for("inbox.unblock", conversation_id=opened.id), fields)
    return done(opened, words, undo if is_new else None)


@bp.delete(f"{_ONE}/block")
@login_required
def unblock(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    is_new = blocking.unblock(opened.lead, current_user().id)
    if is_new and _REOPENED in request.form:
        closing.reopen(opened, _actor())
    db.session.commit()
    words = lazy("Unblocked.")
    if is_new and not _is_told(opened, is_blocked=False):
        words = lazy("Unblocked here. WhatsApp's own block list was not changed.")
    return done(opened, words)


@bp.get(f"{_ONE}/history")
@admin_required
def ask_to_erase(conversation_id: int) -> ResponseReturnValue:
    """Ask whether the history is really to be deleted, with how much that is."""
    opened = conversation_or_404(conversation_id)
    count = erasing.count_messages(opened.id)
    return render_template("inbox/_head_erase.html", conversation=opened, lead=opened.lead, count=count)


@bp.delete(f"{_ONE}/history")
@admin_required
def erase(conversation_id: int) -> ResponseReturnValue:
    opened = conversation_or_404(conversation_id)
    try:
        paths = erasing.erase(opened, current_user().id)
    except ValidationFailed as error:
        return refused(error)
    db.session.commit()
    # After the commit: a file that outlives its row is lost space, a row that outlives its file is a lie.
    for path in paths:
        try:
            media_folder().remove(path)
        except OSError as error:
            # The others go all the same.
            log.error("A file of a deleted history could not be removed: %s", error)
    return "", 200, {"HX-Redirect": url_for("inbox.conversation", conversation_id=opened.id)}


@bp.get(f"{_ONE}/timeline")
@login_required
def all_history(conversation_id: int) -> ResponseReturnValue:
    """Answer one page of the lead's history, for the window that shows all of it."""
    opened = conversation_or_404(conversation_id)
    page = timeline.page(opened.lead_id, request.args.get("before", type=int))
    told = lines(page.events, current_user().id)
    return render_template("inbox/_lead_timeline.html", conversation=opened, lines=told, next=page.next)


@bp.get("/inbox/tags")
@login_required
def tag_names() -> ResponseReturnValue:
    """Answer the tags that may be meant by what somebody begins to type."""
    return render_template("inbox/_lead_tag_names.html", names=timeline.known_tags())


def _actor() -> Actor:
    return Actor("user", current_user().id)


def _slept_until() -> datetime | None:
    """Return the moment that an undo of closing names; None once it has passed."""
    try:
        return snoozing.moment(request.form.get(_SLEPT_UNTIL, ""), clock.now(), UTC)
    except ValidationFailed:
        return None


def _assigned(to_id: int | None) -> Text:
    person = db.session.get(User, to_id) if to_id is not None else None
    if person is None:
        return lazy("Assigned to nobody")
    if person.id == current_user().id:
        return lazy("Assigned to you")
    return lazy("Assigned to %(name)s", name=person.display_name)


def _is_told(opened: Conversation, *, is_blocked: bool) -> bool:
    """Tell WhatsApp too, with no transaction open, and return whether it took it."""
    name = blocking.whatsapp_name(opened.lead)
    db.session.commit()
    client = current_app.extensions["whatsapp"]
    return name is not None and blocking.tell_whatsapp(client, name, is_blocked) is None
