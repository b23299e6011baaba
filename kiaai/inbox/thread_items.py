"""What the thread draws from top to bottom: day lines, bubbles in groups, and notes between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kiaai.inbox.bubbles import Bubble, bubble
from kiaai.inbox.thread import ThreadPage, is_annotation
from kiaai.inbox.viewer import Viewer
from kiaai.models import Message, Note
from kiaai.texts import lazy

# Bubbles of one author this close together are one group.
GROUP = timedelta(minutes=5)


@dataclass(frozen=True)
class NoteCard:
    """An internal note. is_own: the viewer wrote it, and may delete it."""

    note: Note
    author: str
    is_own: bool


@dataclass(frozen=True)
class DayLine:
    """Where a day begins. at: noon of it, so that no viewer's zone makes it another day."""

    at: datetime

    @property
    def id(self) -> str:
        return f"day-{self.at:%Y-%m-%d}"


def items(
    page: ThreadPage, viewer: Viewer, zone: ZoneInfo, is_marked_wrong: bool = False
) -> Iterator[Bubble | NoteCard | DayLine]:
    """Yield what the thread draws, from top to bottom, days in the business's zone."""
    day: date | None = None
    former: Message | None = None
    for message in _by_time(page):
        if isinstance(message, Message) and is_annotation(message) and message.reply_to in page.targets:
            continue
        local = _at(message).astimezone(zone)
        if local.date() != day:
            day, former = local.date(), None
            yield DayLine(local.replace(hour=12, minute=0, second=0, microsecond=0))
        if isinstance(message, Note):
            former = None
            yield note_card(message, viewer)
            continue
        is_first = not _continues(former, message)
        yield bubble(page, message, viewer, is_first=is_first, is_marked_wrong=is_marked_wrong)
        former = message


def note_card(note: Note, viewer: Viewer) -> NoteCard:
    """Return one internal note with its author."""
    is_own = note.user_id == viewer.id
    if is_own:
        return NoteCard(note, lazy("You"), is_own)
    return NoteCard(note, note.user.display_name if note.user else lazy("Former colleague"), is_own)


def _by_time(page: ThreadPage) -> list[Message | Note]:
    """Return messages and notes as they were written; the sort keeps what came at the same time in order."""
    both: list[Message | Note] = [*page.messages, *page.notes]
    return sorted(both, key=_at) if page.notes else both


def _at(item: Message | Note) -> datetime:
    return item.timestamp if isinstance(item, Message) else item.created_at


def _continues(former: Message | None, message: Message) -> bool:
    if former is None or former.kind == "system" or former.direction != message.direction:
        return False
    same = (former.author, former.user_id) == (message.author, message.user_id)
    return same and message.timestamp - former.timestamp < GROUP
