"""Parts of a thread: around a message, on towards the end, and where what is new begins."""

from dataclasses import dataclass, replace

from sqlalchemy import Select, select
from sqlalchemy import tuple_ as row_of

from kiaai.extensions import db
from kiaai.inbox import notes_in_thread
from kiaai.inbox.thread import (
    ANNOTATIONS,
    MOST_MESSAGES,
    PAGE_MESSAGES,
    Place,
    ThreadPage,
    has_before,
    newest_first,
    newest_messages,
    page_of,
    place_of,
    with_targets,
)
from kiaai.models import Conversation, Message
from kiaai.models.message import ERASED

# A message at most so far from the end is shown with everything that came after it.
NEAR = 300
# So many messages stand above one that somebody jumps to.
ABOVE = 15
_PLACE = row_of(Message.timestamp, Message.id)
_NEWEST_FIRST = (Message.timestamp.desc(), Message.id.desc())
_OLDEST_FIRST = (Message.timestamp, Message.id)


@dataclass(frozen=True)
class Loaded:
    """Which part of a thread a reader has before them, by ids of messages.

    last_id: only while newer ones are not loaded. unread_id: the first that was new when the thread was
    opened. around_id: where to begin, before anything is loaded.
    """

    first_id: int | None = None
    last_id: int | None = None
    unread_id: int | None = None
    around_id: int | None = None

    @property
    def parts(self) -> tuple[int, ...]:
        return (self.first_id or 0, self.last_id or 0, self.unread_id or 0)


def loaded_messages(conversation_id: int, loaded: Loaded) -> ThreadPage:
    """Return the part of the thread that a reader has or asks for; without one, its newest page."""
    if loaded.around_id is not None:
        return _around(conversation_id, loaded.around_id)
    last = place_of(conversation_id, loaded.last_id)
    if last is None:
        return newest_messages(conversation_id, loaded.first_id)
    return _between(conversation_id, place_of(conversation_id, loaded.first_id), last)


def newer_messages(conversation_id: int, after_id: int) -> ThreadPage:
    """Return the page below a message."""
    place = place_of(conversation_id, after_id)
    if place is None:
        return ThreadPage([], has_older=True)
    below = newest_first(conversation_id).where(row_of(*place) < _PLACE).order_by(None)
    found = list(db.session.scalars(below.order_by(*_OLDEST_FIRST).limit(PAGE_MESSAGES + 1)))
    page = with_targets(found[:PAGE_MESSAGES], has_older=True)
    has_newer = len(found) > PAGE_MESSAGES
    until = page.messages[-1].timestamp if has_newer else None
    notes = notes_in_thread.notes_between(conversation_id, place[0], until)
    return replace(page, has_newer=has_newer, notes=notes)


def first_unread(conversation: Conversation) -> int | None:
    """Return the oldest message that nobody has read yet; None when everything was."""
    if not 0 < conversation.unread_count <= MOST_MESSAGES:
        return None
    return db.session.scalar(
        _ids(conversation.id)
        .where(Message.direction == "incoming", Message.kind.not_in((*ANNOTATIONS, "system")))
        .order_by(*_NEWEST_FIRST)
        .offset(conversation.unread_count - 1)
        .limit(1)
    )


def _around(conversation_id: int, message_id: int) -> ThreadPage:
    place = place_of(conversation_id, message_id)
    if place is None:
        return newest_messages(conversation_id)
    above = _ids(conversation_id).where(row_of(*place) > _PLACE).order_by(*_NEWEST_FIRST).limit(ABOVE)
    below = _ids(conversation_id).where(row_of(*place) < _PLACE).order_by(*_OLDEST_FIRST).limit(NEAR + 1)
    first_id = (list(db.session.scalars(above)) or [message_id])[-1]
    following = list(db.session.scalars(below))
    if len(following) <= NEAR:
        return newest_messages(conversation_id, first_id)
    last = place_of(conversation_id, following[PAGE_MESSAGES - 1])
    return _between(conversation_id, place_of(conversation_id, first_id), last or place)


def _between(conversation_id: int, first: Place | None, last: Place) -> ThreadPage:
    rows = newest_first(conversation_id).where(row_of(*last) >= _PLACE)
    if first is not None:
        rows = rows.where(row_of(*first) <= _PLACE)
    page = page_of(rows.limit(MOST_MESSAGES), MOST_MESSAGES)
    newer = _ids(conversation_id).where(row_of(*last) < _PLACE).limit(1)
    has_newer = db.session.scalar(newer) is not None
    since = first[0] if first else None
    return replace(
        page,
        has_older=first is not None and has_before(conversation_id, first),
        has_newer=has_newer,
        notes=notes_in_thread.notes_between(conversation_id, since, last[0] if has_newer else None),
    )


def _ids(conversation_id: int) -> Select[int]:
    return select(Message.id).where(Message.conversation_id == conversation_id, Message.kind != ERASED)
