"""What each panel of the dashboard needs to be drawn, with its tag."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from kiaai import clock
from kiaai.business import business
from kiaai.config import Settings
from kiaai.inbox import erasing, history, presence, queries, snoozing, thread, thread_items, timeline
from kiaai.inbox.banners import banners
from kiaai.inbox.list_filter import ListFilter
from kiaai.inbox.list_state import ListState
from kiaai.inbox.notes import sign_of
from kiaai.inbox.origins import origin_of
from kiaai.inbox.priorities import PRIORITY_NAMES
from kiaai.inbox.queries import ListPage
from kiaai.inbox.viewer import Viewer
from kiaai.inbox.windows import Loaded, loaded_messages
from kiaai.leads.wrong_number import is_wrong_number
from kiaai.models import Conversation
from kiaai.models.lead import LEAD_STATUSES
from kiaai.web.fragments import tag_of
from kiaai.whatsapp.explanations import Language

# The part of a thread that is drawn when nothing else is asked for.
NEWEST = Loaded()


def list_tag(
    state: ListState, language: Language, settings: Settings, wanted: ListFilter, until: object
) -> str:
    """Return the tag of the list as its poll will ask for it."""
    address = ("list", *wanted.address.items(), until)
    return tag_of(state.user_id, language, *_drawn(settings), *address, *state.parts)


def list_panel(
    state: ListState, language: Language, settings: Settings, wanted: ListFilter
) -> dict[str, Any]:
    """Return what the list draws. The state was read before, so that no change can hide behind the tag."""
    page = queries.list_page(wanted, state)
    return {
        **rows(page, wanted),
        "tabs": [(tab, label, state.counts.get(tab)) for tab, label in queries.TABS.items()],
        "has_any": bool(page.rows) or queries.has_conversations(),
        "list_tag": list_tag(state, language, settings, wanted, page.until),
        "banners": banners(state.alerts, state.is_admin, language),
    }


def rows(page: ListPage, wanted: ListFilter) -> dict[str, Any]:
    """Return what rows of the list draw, also when they are loaded by scrolling.

    By conversation: `bot_is_on`; `window_ends`, for windows still open; `ticks`, the status of the last
    message where it is ours; `has_failed`, whether the last that we sent did. `tag_colours` by name.
    """
    now = clock.now()
    fates = queries.last_statuses([row.id for row in page.rows])
    return {
        "page": page,
        "wanted": wanted,
        "statuses": history.STATUS_NAMES,
        "bot_is_on": {row.id: row.state != "closed" and row.is_bot_on(now) for row in page.rows},
        "window_ends": {row.id: row.window_expires_at for row in page.rows if row.is_window_open(now)},
        "ticks": {row.id: fates.get(row.id) for row in page.rows if row.last_direction == "outgoing"},
        "has_failed": {row.id: fates.get(row.id) == "failed" for row in page.rows},
        "tag_colours": timeline.known_tags(),
    }


def thread_tag(
    state: thread.ThreadState,
    language: Language,
    settings: Settings,
    conversation_id: int,
    loaded: Loaded,
) -> str:
    """Return the tag of a thread as its poll will ask for it."""
    address = ("thread", conversation_id, *loaded.parts)
    depends_on = (state.version, state.is_quiet, state.names, state.present)
    return tag_of(state.user_id, language, *_drawn(settings), *address, *depends_on)


def open_panel(
    conversation: Conversation, viewer: Viewer, settings: Settings, loaded: Loaded = NEWEST
) -> dict[str, Any]:
    """Return what the thread with its header, composer and lead panel draws."""
    names, others = thread.names_and_colleagues(conversation.id, viewer.id)
    state = _state_of(conversation, viewer, names, presence.sign_of(others))
    page = loaded_messages(conversation.id, loaded)
    drawn = replace(loaded, first_id=_first_id(page), last_id=_last_id(page))
    return {
        **sides(conversation, viewer, settings),
        **messages(conversation, page, viewer, settings, loaded.unread_id),
        "thread_tag": thread_tag(state, viewer.language, settings, conversation.id, drawn),
        "target_id": loaded.around_id,
        "seen_id": max((message.id for message in page.messages), default=0),
        "colleagues": others,
        "snooze_choices": snoozing.choices(clock.now(), business(settings).zone),
    }


def _state_of(conversation: Conversation, viewer: Viewer, names: str, present: str) -> thread.ThreadState:
    """Return what the poll of a thread will find; to be asked before the thread is read."""
    until = conversation.bot_quiet_until
    is_quiet = bool(until and until > clock.now())
    return thread.ThreadState(viewer.id, conversation.version, is_quiet, names, present)


def messages(
    conversation: Conversation,
    page: thread.ThreadPage,
    viewer: Viewer,
    settings: Settings,
    unread_id: int | None = None,
) -> dict[str, Any]:
    """Return what a page of messages draws."""
    return {
        "conversation": conversation,
        "items": list(
            thread_items.items(page, viewer, business(settings).zone, is_wrong_number(conversation.lead))
        ),
        "first_id": _first_id(page),
        "last_id": _last_id(page),
        "has_older": page.has_older,
        "unread_id": unread_id,
        "erasure": None if page.has_older else erasing.find_erasure(conversation.id, conversation.lead_id),
    }


def _first_id(page: thread.ThreadPage) -> int | None:
    return page.messages[0].id if page.messages else None


def _last_id(page: thread.ThreadPage) -> int | None:
    """Return from where on newer messages follow; None at the end of the thread."""
    return page.messages[-1].id if page.messages and page.has_newer else None


def sides(conversation: Conversation, viewer: Viewer, settings: Settings) -> dict[str, Any]:
    """Return what stands around the messages: header, window and lead panel."""
    now = clock.now()
    return {
        "conversation": conversation,
        "lead": conversation.lead,
        "viewer": viewer,
        "bot_state": _bot_state(conversation, settings, now),
        "is_window_open": conversation.is_window_open(now),
        "statuses": {status: history.STATUS_NAMES[status] for status in LEAD_STATUSES},
        "notes_sign": sign_of(conversation.lead.notes),
        "priorities": PRIORITY_NAMES,
        "is_back": snoozing.is_back(conversation),
        "origin": origin_of(conversation.lead.source),
        "lead_tag_colours": timeline.known_tags() if conversation.lead.tags else {},
        **_history(conversation.lead_id, viewer),
    }


def _history(lead_id: int, viewer: Viewer) -> dict[str, Any]:
    page = timeline.page(lead_id)
    return {"history": history.lines(page.events, viewer.id), "has_more_history": page.next is not None}


def _bot_state(conversation: Conversation, settings: Settings, now: datetime) -> str:
    """Return who answers: `on`, `taken` (a person, for now), `off` (here) or `off_everywhere`."""
    if not settings.bot_enabled:
        return "off_everywhere"
    if not conversation.bot_enabled:
        return "off"
    return "on" if conversation.is_bot_on(now) else "taken"


def _drawn(settings: Settings) -> tuple[object, ...]:
    """Return what shows in panels of the settings and the business: a restart or an admin may change it."""
    drawn = business(settings)
    return (
        settings.bot_enabled,
        drawn.name,
        drawn.timezone,
        settings.is_sandbox,
        settings.sandbox_url,
        settings.whatsapp_phone_number_id,
    )
