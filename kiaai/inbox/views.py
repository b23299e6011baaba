"""The inbox's pages and polls."""

from typing import Any, NoReturn

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.accounts.access import answer_stranger, current_user, login_required, session_key
from kiaai.config import Settings
from kiaai.inbox import composing, drafts, panels, queries, thread, windows
from kiaai.inbox.list_filter import ListFilter
from kiaai.inbox.list_state import ListState, list_state
from kiaai.inbox.live import news
from kiaai.inbox.viewer import Viewer
from kiaai.inbox.windows import Loaded, first_unread
from kiaai.leads.former import kept_conversation_id
from kiaai.models import Conversation
from kiaai.web.fragments import is_fragment, is_unchanged, tagged, unchanged
from kiaai.web.languages import asked_language
from kiaai.web.paging import read_place
from kiaai.web.saying import said

bp = Blueprint("inbox", __name__)


@bp.get("/")
@login_required
def dashboard() -> ResponseReturnValue:
    """Show the inbox with nothing open; `Back` asks for that part alone."""
    if is_fragment():
        return render_template("inbox/_nothing.html")
    return dashboard_page()


@bp.get("/inbox/")
def start() -> ResponseReturnValue:
    return redirect(url_for("inbox.dashboard"), 303)


@bp.get("/inbox/conversations/<int:conversation_id>")
@login_required
def conversation(conversation_id: int) -> ResponseReturnValue:
    """Show one conversation beside the list, or only it when it is opened from there.

    message: the id of one to begin with, for a hit of the search.
    """
    opened = conversation_or_404(conversation_id)
    loaded = Loaded(unread_id=first_unread(opened), around_id=row_id("message"))
    context = panels.open_panel(opened, viewer(), settings(), loaded)
    written = drafts.find_draft(current_user().id, opened.id)
    context |= composing.composer(opened, viewer(), written)
    if is_fragment():
        return render_template("inbox/_open.html", **context)
    return dashboard_page(**context)


@bp.get("/inbox/conversations")
def conversations() -> ResponseReturnValue:
    """Answer the contents of the list, or 304; one query when nothing is new."""
    wanted, language = asked_list(), asked_language()
    state = list_state(session_key(), wanted, clock.now())
    if state is None:
        return answer_stranger()
    if is_unchanged(panels.list_tag(state, language, settings(), wanted, wanted.until)):
        return unchanged()
    context = panels.list_panel(state, language, settings(), wanted)
    return tagged(render_template("inbox/_list_poll.html", **context), context["list_tag"])


@bp.get("/inbox/conversations/panel")
@login_required
def conversation_list() -> ResponseReturnValue:
    """Answer the whole list, for another tab or search: it replaces the one that is there."""
    wanted = asked_list()
    return render_template("inbox/_conversations.html", **_list_panel(wanted))


@bp.get("/inbox/conversations/older")
@login_required
def older_conversations() -> ResponseReturnValue:
    """Answer the next rows of the list, in place of the line that asked for them."""
    wanted = asked_list()
    before = read_place(request.args.get("before"))
    if before is None:
        abort(400)
    page = queries.older_page(wanted, before, clock.now(), current_user().id)
    return render_template("inbox/_rows.html", **panels.rows(page, wanted))


@bp.get("/inbox/conversations/<int:conversation_id>/messages")
def messages(conversation_id: int) -> ResponseReturnValue:
    """Answer the contents of the thread and what stands around it, or 304."""
    state = thread.thread_state(session_key(), conversation_id, clock.now())
    if state is None:
        return answer_stranger()
    if state.version is None:
        _leave(conversation_id)
    loaded = _loaded(row_id("from"))
    tag = panels.thread_tag(state, asked_language(), settings(), conversation_id, loaded)
    if is_unchanged(tag) and loaded.around_id is None:
        return unchanged()
    return thread_contents(conversation_or_404(conversation_id), loaded.first_id)


@bp.get("/inbox/conversations/<int:conversation_id>/messages/older")
@login_required
def older_messages(conversation_id: int) -> ResponseReturnValue:
    """Answer the page above a message, in place of the line that asked for it."""
    opened = conversation_or_404(conversation_id)
    page = thread.older_messages(opened.id, row_id("before") or 0)
    context = panels.messages(opened, page, viewer(), settings(), row_id("unread"))
    return render_template("inbox/_older.html", **context)


@bp.get("/inbox/conversations/<int:conversation_id>/messages/newer")
@login_required
def newer_messages(conversation_id: int) -> ResponseReturnValue:
    """Answer the page below a message, in place of the line that asked for it."""
    opened = conversation_or_404(conversation_id)
    page = windows.newer_messages(opened.id, row_id("after") or 0)
    context = panels.messages(opened, page, viewer(), settings(), row_id("unread"))
    return render_template("inbox/_newer.html", **context)


@bp.get("/inbox/unread")
def unread_news() -> ResponseReturnValue:
    """Tell a browser that sounds or notifies of the newest message after `after` that nobody has read."""
    after = request.args.get("after", type=int)
    found = news(session_key(), None if after is None else min(max(after, 0), 2**62))
    if found is None:
        return "", 401
    message = found.message and {
        "conversation": found.message.conversation_id,
        "name": said(found.name),
        "text": said(found.words),
    }
    return {"newest": found.newest_id, "unread": found.unread, "message": message}


def conversation_or_404(conversation_id: int) -> Conversation:
    """Return the conversation; every person of the team may open each."""
    return thread.find_conversation(conversation_id) or _leave(conversation_id)


def _leave(conversation_id: int) -> NoReturn:
    """Lead on to the conversation that this one has gone into; 404 without one.

    Nothing is done there in its place: who wrote to the one must first see that they write in the other.
    """
    kept_id = kept_conversation_id(conversation_id) or abort(404)
    address = url_for("inbox.conversation", conversation_id=kept_id)
    abort(Response(status=409, headers={"HX-Redirect": address}) if is_fragment() else redirect(address, 303))


def dashboard_page(**opened: object) -> str:
    wanted = asked_list()
    context = _list_panel(wanted)
    return render_template("inbox/dashboard.html", **{**context, **opened})


def thread_contents(opened: Conversation, from_id: int | None) -> ResponseReturnValue:
    """Answer what the reader has loaded of a thread, from a message on, and what stands around it."""
    context = panels.open_panel(opened, viewer(), settings(), _loaded(from_id))
    return tagged(render_template("inbox/_thread_poll.html", **context), context["thread_tag"])


def _loaded(from_id: int | None) -> Loaded:
    return Loaded(from_id, row_id("until"), row_id("unread"), row_id("around"))


def loaded_panel(opened: Conversation) -> dict[str, Any]:
    """Return what is drawn of the part of a thread that the request names."""
    return panels.open_panel(opened, viewer(), settings(), _loaded(row_id("from")))


def row_id(name: str) -> int | None:
    """Return an id that the request names; None for what no row can have."""
    asked = request.values.get(name, type=int)
    return asked if asked and 0 < asked < 2**63 else None


def list_state_now(wanted: ListFilter) -> ListState:
    state = list_state(current_user().fs_uniquifier, wanted, clock.now())
    return state or abort(401)


def _list_panel(wanted: ListFilter) -> dict[str, Any]:
    return panels.list_panel(list_state_now(wanted), asked_language(), settings(), wanted)


def asked_list() -> ListFilter:
    names = ("tab", "q", "until", "order", "status", "tag")
    return ListFilter.read(**{name: request.args.get(name) for name in names})


def viewer() -> Viewer:
    return Viewer(current_user().id, current_user().is_admin, asked_language())


def settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found
