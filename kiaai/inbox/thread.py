"""All reads of one open conversation: its messages with what hangs on them, and the lead's history."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Select, func, select, text
from sqlalchemy import tuple_ as row_of
from sqlalchemy.orm import joinedload, selectinload

from kiaai.extensions import db
from kiaai.inbox import notes_in_thread, presence
from kiaai.inbox.presence import Colleague
from kiaai.models import Conversation, LeadEvent, Message, Note, User
from kiaai.models.message import ERASED

PAGE_MESSAGES = 40
# So many messages a reader may have loaded by scrolling up; a poll draws no more.
MOST_MESSAGES = 1000
HISTORY_LINES = 30
# Where a message stands in its thread.
Place = tuple[datetime, int]
# They say something about another message, and show up there.
ANNOTATIONS = ("reaction", "edit", "revoke")

# Authors, whoever took over, and the history: a person who gets another name is drawn in many threads. So is
# a tag that gets another colour. What somebody may do decides which deeds are offered.
_NAMES = (
    "SELECT concat("
    "(SELECT md5(string_agg(concat_ws(':', id, name, email, role), ',' ORDER BY id)) FROM users),"
    " (SELECT md5(string_agg(concat_ws(':', name, colour), ',' ORDER BY name)) FROM tags))"
)
# Text, as this is what every open dashboard asks every three seconds.
_STATE = text(
    "SELECT u.id, c.version, coalesce(c.bot_quiet_until > :now, false) AS is_quiet,"
    " (" + _NAMES + ") AS names, (" + presence.SIGN + ") AS present"
    " FROM users u LEFT JOIN conversations c ON c.id = :conversation_id"
    " WHERE u.fs_uniquifier = :session_key AND u.active"
)
_NAMES_AND_COLLEAGUES = text(
    f"SELECT ({_NAMES}) AS names, here.id, here.name, here.is_typing"
    f" FROM (VALUES (1)) one LEFT JOIN ({presence.COLLEAGUES}) here ON true ORDER BY here.id"
)


@dataclass(frozen=True)
class ThreadState:
    """Who asks, and what the drawn thread depends on. version: None when there is no such conversation.

    is_quiet: whether the bot is, which ends by itself. names: a sign of what people and tags are called, of
    their colours and of who is admin.
    present: a sign of which colleagues are here, and who of them writes.
    """

    user_id: int
    version: int | None
    is_quiet: bool
    names: str
    present: str


@dataclass(frozen=True)
class ThreadPage:
    """Messages, the oldest first, with what they refer to. targets: by wamid. has_older: above these.

    has_newer: below these, in a part of the thread that does not reach to its end.
    notes: what the team wrote between them, by time.
    """

    messages: list[Message]
    has_older: bool
    targets: dict[str, Message] = field(default_factory=dict)
    reactions: dict[str, list[Message]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    has_newer: bool = False


def thread_state(session_key: str | None, conversation_id: int, now: datetime) -> ThreadState | None:
    """Return what a poll of the thread depends on; None when the session names no active person."""
    values = {"session_key": session_key or "", "conversation_id": conversation_id, "now": now}
    found = db.session.execute(_STATE, values).one_or_none()
    return ThreadState(*found) if found else None


def names_and_colleagues(conversation_id: int, viewer_id: int) -> tuple[str, list[Colleague]]:
    """Return the sign of people and tags, as the state of a thread has it, and who else is here now."""
    values = {"conversation_id": conversation_id, "viewer_id": viewer_id}
    rows = db.session.execute(_NAMES_AND_COLLEAGUES, values).all()
    return rows[0].names, [Colleague(*row[1:]) for row in rows if row.id is not None]


def find_conversation(conversation_id: int) -> Conversation | None:
    """Return the conversation with its lead, channel and assignee."""
    return db.session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .options(
            joinedload(Conversation.lead, innerjoin=True),
            joinedload(Conversation.channel, innerjoin=True),
            joinedload(Conversation.assignee),
        )
    )


def newest_messages(conversation_id: int, from_id: int | None = None) -> ThreadPage:
    """Return the newest page, or everything from a message on that the reader has loaded."""
    first = place_of(conversation_id, from_id)
    rows = newest_first(conversation_id)
    if first is None:
        return _with_notes(page_of(rows.limit(PAGE_MESSAGES + 1), PAGE_MESSAGES), conversation_id)
    loaded = rows.where(row_of(Message.timestamp, Message.id) >= row_of(*first))
    page = page_of(loaded.limit(MOST_MESSAGES), MOST_MESSAGES)
    return _with_notes(replace(page, has_older=has_before(conversation_id, first)), conversation_id)


def older_messages(conversation_id: int, before_id: int) -> ThreadPage:
    """Return the page above a message."""
    place = place_of(conversation_id, before_id)
    if place is None:
        return ThreadPage([], False)
    above = newest_first(conversation_id).where(row_of(Message.timestamp, Message.id) < row_of(*place))
    page = page_of(above.limit(PAGE_MESSAGES + 1), PAGE_MESSAGES)
    return _with_notes(page, conversation_id, until=place[0])


def find_message(message_id: int) -> Message | None:
    return db.session.scalar(
        select(Message)
        .where(Message.id == message_id)
        .options(selectinload(Message.attachments), joinedload(Message.user))
    )


def one_message_page(message: Message) -> ThreadPage:
    """Return a page of a single message, for the answer to the one who wrote it."""
    return with_targets([message], has_older=False)


def history(lead_id: int) -> list[tuple[LeadEvent, User | None]]:
    """Return the newest lines of the lead's history, the newest first, with who did it."""
    lines = db.session.execute(
        select(LeadEvent, User)
        .outerjoin(User, User.id == LeadEvent.user_id)
        .where(LeadEvent.lead_id == lead_id)
        .order_by(LeadEvent.id.desc())
        .limit(HISTORY_LINES)
    )
    return [(event, user) for event, user in lines]


def newest_first(conversation_id: int) -> Select[Message]:
    """Select the messages of a conversation with what their bubbles need, the newest first."""
    return (
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.kind != ERASED)
        .order_by(Message.timestamp.desc(), Message.id.desc())
        .options(selectinload(Message.attachments), joinedload(Message.user))
    )


def place_of(conversation_id: int, message_id: int | None) -> Place | None:
    """Return where a message stands; None when it is of another conversation, or not known."""
    if message_id is None:
        return None
    at = db.session.scalar(
        select(Message.timestamp).where(Message.id == message_id, Message.conversation_id == conversation_id)
    )
    return (at, message_id) if at else None


def has_before(conversation_id: int, place: Place) -> bool:
    """Tell whether the conversation has a message above this place."""
    before = select(Message.id).where(
        Message.conversation_id == conversation_id,
        Message.kind != ERASED,
        row_of(Message.timestamp, Message.id) < row_of(*place),
    )
    return db.session.scalar(before.limit(1)) is not None


def page_of(newest_first: Select[Message], most: int) -> ThreadPage:
    """Return a page of at most so many messages; one more than that says that there are older ones."""
    rows = list(db.session.scalars(newest_first))
    return with_targets(rows[:most][::-1], has_older=len(rows) > most)


def _with_notes(page: ThreadPage, conversation_id: int, until: datetime | None = None) -> ThreadPage:
    """Add the notes from the page's first message on; with nothing older, also those before it."""
    since = page.messages[0].timestamp if page.has_older and page.messages else None
    return replace(page, notes=notes_in_thread.notes_between(conversation_id, since, until))


def with_targets(messages: list[Message], has_older: bool) -> ThreadPage:
    """Return these messages as a page, with what they answer and how they were reacted to."""
    if not messages:
        return ThreadPage([], has_older)
    targets = {message.message_id: message for message in messages if message.message_id}
    missing = {m.reply_to for m in messages if m.reply_to} - targets.keys()
    targets |= _by_wamid(messages[0].conversation_id, missing)
    return ThreadPage(messages, has_older, targets, _reactions(messages))


def _by_wamid(conversation_id: int, wamids: Iterable[str]) -> dict[str, Message]:
    if not wamids:
        return {}
    found = db.session.scalars(
        select(Message)
        .where(Message.message_id.in_(wamids), Message.conversation_id == conversation_id)
        .options(joinedload(Message.user))
    )
    return {message.message_id: message for message in found if message.message_id}


def _reactions(messages: list[Message]) -> dict[str, list[Message]]:
    """Return the reactions to these messages, the newest of each side; an empty one takes it back."""
    wamids = [message.message_id for message in messages if message.message_id]
    found = db.session.scalars(
        select(Message)
        .where(
            Message.kind == "reaction",
            Message.reply_to.in_(wamids),
            Message.conversation_id == messages[0].conversation_id,
            Message.status.not_in(("cancelled", "failed")),
        )
        .order_by(Message.timestamp, Message.id)
    )
    latest = {(row.reply_to, row.direction): row for row in found}
    by_target: dict[str, list[Message]] = {}
    for (wamid, _direction), row in latest.items():
        if wamid and row.text:
            by_target.setdefault(wamid, []).append(row)
    return by_target


def is_annotation(message: Message) -> bool:
    return message.kind in ANNOTATIONS


def unread_after(conversation_id: int, message: Message, at_most: int) -> int:
    """Count the incoming messages after this one that somebody has to read; no more than there can be."""
    unread = (
        select(Message.id)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "incoming",
            Message.kind.not_in((*ANNOTATIONS, "system")),
            row_of(Message.timestamp, Message.id) > row_of(message.timestamp, message.id),
        )
        .limit(at_most)
        .subquery()
    )
    return db.session.scalars(select(func.count()).select_from(unread)).one()
