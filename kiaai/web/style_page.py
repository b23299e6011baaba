"""Every shared piece of the pages in every state, in both themes: for whoever builds them."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, current_app, render_template
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.inbox import history
from kiaai.inbox.bubbles import Bubble, author_name
from kiaai.inbox.list_filter import ListFilter
from kiaai.inbox.thread_items import NoteCard
from kiaai.inbox.viewer import Viewer
from kiaai.models import Conversation, Lead, Message, Note, User
from kiaai.models.desk import TAG_COLOURS
from kiaai.web.languages import asked_language

bp = Blueprint("style", __name__)

# Invented people, with ids that no row has: nothing here is ever stored.
_FAR = 9_000_000
_AUTHORS = ("customer", "user", "bot", "phone", "api")
_STATES = ("queued", "sending", "sent", "delivered", "read", "failed", "unknown", "cancelled")
_NOT_ON_WHATSAPP = 131026


@bp.get("/style")
def index() -> ResponseReturnValue:
    """Show the pieces; nowhere but in debug mode."""
    if not current_app.debug:
        abort(404)
    themes = {theme: _samples(_FAR + number * 1000) for number, theme in enumerate(("dark", "light"))}
    return render_template("style/index.html", themes=themes, colours=TAG_COLOURS)


def _samples(first_id: int) -> dict[str, Any]:
    """Return what the real templates draw. first_id: each theme has ids of its own on the page."""
    viewer = Viewer(_FAR, is_admin=True, language=asked_language())
    ann = User(id=_FAR + 1, name="Ana Soto", email="ana@kia.example")
    by_author = [_message(first_id + n, author, "read") for n, author in enumerate(_AUTHORS)]
    by_state = [_message(first_id + 100 + n, "user", state) for n, state in enumerate(_STATES)]
    note = Note(id=first_id + 300, text="Pide factura.", created_at=clock.now(), user_id=_FAR)
    rows = _rows(first_id, ann)
    return {
        "first_id": first_id,
        "by_author": [_bubble(message, viewer) for message in by_author],
        "by_state": [_bubble(message, viewer) for message in by_state],
        "note": NoteCard(note, author_name(by_state[0], viewer.id), is_own=True),
        **rows,
    }


def _bubble(message: Message, viewer: Viewer) -> Bubble:
    return Bubble(message, author_name(message, viewer.id), viewer)


def _message(message_id: int, author: str, status: str) -> Message:
    is_incoming = author == "customer"
    return Message(
        id=message_id,
        conversation_id=_FAR,
        direction="incoming" if is_incoming else "outgoing",
        author=author,
        user_id=_FAR if author == "user" else None,
        status="received" if is_incoming else status,
        kind="text",
        text="¿Tienen *cascos* de niño?" if is_incoming else "Sí, desde la talla S. _¿La aparto?_",
        payload={},
        attempt=0,
        timestamp=clock.now(),
        error_code=_NOT_ON_WHATSAPP if status == "failed" else None,
    )


def _rows(first_id: int, assignee: User) -> dict[str, Any]:
    """Return rows of the list with what they draw: unread, ours with a tick, snoozed, closed."""
    now = clock.now()
    states: tuple[dict[str, Any], ...] = (
        {"unread_count": 3, "state": "open", "last_direction": "incoming", "priority": "high"},
        {"unread_count": 0, "state": "open", "last_direction": "outgoing", "assignee": assignee},
        {"unread_count": 0, "state": "snoozed", "last_direction": "incoming", "snoozed_until": now},
        {"unread_count": 0, "state": "closed", "last_direction": "incoming"},
    )
    rows = []
    for number, state in enumerate(states):
        row_id = first_id + 500 + number
        lead = Lead(id=row_id, customer_name="Dana Díaz", lead_status="customer", tags=["vip"], notes="")
        words = {"last_message_preview": "Llegué recién", "last_message_at": now - timedelta(hours=number)}
        rows.append(Conversation(id=row_id, lead=lead, **{"priority": "normal", **words, **state}))
    first = rows[0].id
    return {
        "rows": rows,
        "wanted": ListFilter(),
        "statuses": history.STATUS_NAMES,
        "bot_is_on": {row.id: row.state == "open" for row in rows},
        "window_ends": {first: now + timedelta(hours=2)},
        "ticks": {row.id: "read" for row in rows if row.last_direction == "outgoing"},
        "has_failed": {},
        "tag_colours": {"vip": "green"},
    }
