"""What the customer said and nobody answered yet, read from the rows of a thread. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiaai.bot.turn import Line
from kiaai.models import Message
from kiaai.whatsapp.cleaning import item_at, text_at

# Older than this, the customer has long gone on: no program should answer as if it were now.
FRESH = timedelta(hours=1)
_LONGEST_TEXT = 2000
# What was said before only tells what this is about.
_NEWEST_LINES, _LONGEST_LINE = 8, 500

_NO_TALK = frozenset({"reaction", "edit", "revoke", "system", "erased"})
_WORDS = frozenset({"text", "button"})
_FILES = frozenset({"image", "video", "audio", "voice", "document", "sticker"})
# Their text is a summary of ours, not what the customer wrote.
_THINGS = _FILES | {"location", "contacts", "order"}
_PEOPLE = frozenset({"user", "phone"})


@dataclass(frozen=True)
class Saying:
    """The words of one message. id: ours. at: when they were written."""

    id: int
    at: datetime
    text: str


@dataclass(frozen=True)
class Unanswered:
    """Incoming messages after the last word of a person and after the last turn of the bot.

    all_texts: all since that turn, also what a person has answered or what came too late for an answer: a
    stop counts however it came. sayings: these, each with its message. read_up_to: the newest of their ids.
    said_at: when that was written. wamid: of the newest message that waits for an answer.
    talk: the last of what both sides said besides those that wait.
    """

    texts: tuple[str, ...] = ()
    all_texts: tuple[str, ...] = ()
    things: frozenset[str] = frozenset()
    earlier: tuple[str, ...] = ()
    is_stale: bool = False
    read_up_to: int | None = None
    said_at: datetime | None = None
    wamid: str | None = None
    talk: tuple[Line, ...] = ()
    sayings: tuple[Saying, ...] = ()


def read_unanswered(thread: Sequence[Message], after_id: int, at: datetime) -> Unanswered:
    """Return what waits for an answer. thread: newest last. after_id: what the last turn has read."""
    talk = [m for m in thread if _is_talk(m)]
    unread = [m for m in talk if m.id > after_id and not _is_imported(m)]
    if not unread:
        return Unanswered(earlier=_texts(talk))
    said_by_people = (m for m in thread if m.is_outgoing and m.author in _PEOPLE and not _is_imported(m))
    answered_id = max((m.id for m in said_by_people), default=0)
    waiting = [m for m in unread if m.id > answered_id]
    fresh = [m for m in waiting if at - m.timestamp <= FRESH]
    return Unanswered(
        texts=_texts(fresh),
        all_texts=_texts(unread),
        things=frozenset(thing for message in fresh if (thing := _thing_of(message))),
        earlier=_texts(m for m in talk if m not in waiting),
        is_stale=bool(waiting) and not fresh,
        read_up_to=max(m.id for m in unread),
        said_at=unread[-1].timestamp,
        wamid=waiting[-1].message_id if waiting else None,
        talk=_lines(m for m in thread if m not in waiting),
        sayings=tuple(Saying(m.id, m.timestamp, text) for m in unread for text in _texts([m])),
    )


def last_said(thread: Sequence[Message]) -> Message | None:
    """Return the newest message that the customer got, or will get, in talk."""
    said = (m for m in reversed(thread) if m.is_outgoing and m.lane == "talk" and m.status != "cancelled")
    return next(said, None)


def _is_talk(message: Message) -> bool:
    # A group has more readers than the one who wrote.
    is_said = not message.is_outgoing and message.kind not in _NO_TALK and message.revoked_at is None
    return is_said and "group_id" not in message.payload


def _is_imported(message: Message) -> bool:
    """Tell whether it is of an exported talk: its id is new, but it was said and answered long ago."""
    return "imported" in message.payload


def _lines(messages: Iterable[Message]) -> tuple[Line, ...]:
    lines = ((_by(message), _words_of(message)) for message in messages)
    said = [Line(by, text[:_LONGEST_LINE]) for by, text in lines if by and text and text.strip()]
    return tuple(said[-_NEWEST_LINES:])


def _by(message: Message) -> str | None:
    if not message.is_outgoing:
        return "customer" if _is_talk(message) else None
    is_said = message.status not in ("cancelled", "failed") and message.revoked_at is None
    return "business" if is_said else None


def _texts(messages: Iterable[Message]) -> tuple[str, ...]:
    words = (_words_of(message) for message in messages)
    return tuple(text[:_LONGEST_TEXT] for text in words if text and text.strip())


def _words_of(message: Message) -> str | None:
    """Return the customer's own words: a text, a caption, the title of the button they pressed."""
    if message.kind in _WORDS or message.kind in _FILES:
        return message.text
    return _reply_title(message) if message.kind == "interactive" else None


def _thing_of(message: Message) -> str | None:
    """Return what came besides words, by its kind; `form` is a form filled in."""
    if message.kind in _THINGS:
        return message.kind
    if message.kind == "interactive" and not _reply_title(message):
        return "form" if item_at(item_at(message.payload, "interactive"), "nfm_reply") else "unsupported"
    return None if message.kind in _WORDS or message.kind == "interactive" else "unsupported"


def _reply_title(message: Message) -> str | None:
    interactive = item_at(message.payload, "interactive")
    reply = item_at(interactive, "button_reply") or item_at(interactive, "list_reply")
    return text_at(reply, "title")
