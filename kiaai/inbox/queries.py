"""All reads of the conversation list: which rows stand in it, and what they show."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, and_, exists, or_, select
from sqlalchemy import tuple_ as row_of
from sqlalchemy.orm import contains_eager, joinedload

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Lead
from kiaai.web.paging import Cursor, older_than, read_cursor
from kiaai.whatsapp.phone_numbers import digits_of

PAGE_ROWS = 30
# So many rows a reader may have loaded; a poll draws no more.
MOST_ROWS = 1000
FEWEST_DIGITS = 3
# Both cases: some databases know no case beyond ASCII.
_FAMILIES = {
    "a": "aáàäâãAÁÀÄÂÃ",
    "e": "eéèëêEÉÈËÊ",
    "i": "iíìïîIÍÌÏÎ",
    "o": "oóòöôõOÓÒÖÔÕ",
    "u": "uúùüûUÚÙÜÛ",
    "n": "nñNÑ",
    "c": "cçCÇ",
}
TABS = {"all": "All", "unread": "Unread", "bot": "Bot", "closed": "Closed"}


@dataclass(frozen=True)
class ListFilter:
    """Which rows of the list somebody looks at. until: down to where they have loaded."""

    tab: str = "all"
    q: str = ""
    until: Cursor | None = None

    @classmethod
    def read(cls, tab: str | None, q: str | None, until: str | None = None) -> "ListFilter":
        known = tab if tab and tab in TABS else "all"
        looked_for = unicodedata.normalize("NFC", (q or "").replace("\x00", "").strip()[:100])
        return cls(known, looked_for, read_cursor(until))

    @property
    def address(self) -> dict[str, str]:
        """What its URLs carry; a plain list has plain ones."""
        parts = {"tab": self.tab if self.tab != "all" else "", "q": self.q}
        return {name: value for name, value in parts.items() if value}

    @property
    def name_pattern(self) -> str:
        """What is looked for as a regular expression that takes every letter with or without its accent.

        PostgreSQL is ten times faster at this than at taking the accents off each name.
        """
        return "".join(_any_accent(character) for character in self.q)

    @property
    def digits(self) -> str | None:
        """The digits that are looked for; None when this is no number or too little of one."""
        if any(map(str.isalpha, self.q)):
            return None
        digits = (digits_of(self.q) or re.sub(r"\D", "", self.q)).removeprefix("00")
        return digits if len(digits) >= FEWEST_DIGITS else None


@dataclass(frozen=True)
class ListPage:
    """Rows of the list, and where the next ones begin; None when these are the last."""

    rows: list[Conversation]
    next: Cursor | None
    until: Cursor | None


def list_page(wanted: ListFilter, now: datetime) -> ListPage:
    """Return the rows from the newest down to where the reader has loaded, or the first page."""
    rows = _rows(wanted, now)
    if wanted.until is None:
        found = list(db.session.scalars(rows.limit(PAGE_ROWS + 1)))
        return _page(found[:PAGE_ROWS], has_more=len(found) > PAGE_ROWS, keep=None)
    at, last_id = wanted.until
    loaded = list(db.session.scalars(rows.where(at_or_above(at, last_id)).limit(MOST_ROWS)))
    below = older_than(Conversation.last_message_at, Conversation.id, wanted.until)
    has_more = db.session.scalar(rows.where(below).limit(1)) is not None
    return _page(loaded, has_more, keep=wanted.until)


def older_page(wanted: ListFilter, before: Cursor, now: datetime) -> ListPage:
    """Return the next rows below a place."""
    below = older_than(Conversation.last_message_at, Conversation.id, before)
    rows = list(db.session.scalars(_rows(wanted, now).where(below).limit(PAGE_ROWS + 1)))
    return _page(rows[:PAGE_ROWS], len(rows) > PAGE_ROWS, keep=before)


def has_conversations() -> bool:
    """Tell whether anybody ever wrote: an empty installation explains itself."""
    return bool(db.session.scalar(select(exists().where(Conversation.id > 0))))


def paused_channels() -> list[Channel]:
    paused = select(Channel).where(Channel.paused_at.is_not(None))
    return list(db.session.scalars(paused.order_by(Channel.id)))


def in_tab(tab: str, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition for the rows of a tab. `all` is what is not put away; search finds that too."""
    is_open = Conversation.state != "closed"
    if tab == "unread":
        return Conversation.unread_count > 0
    if tab == "closed":
        return Conversation.state == "closed"
    if tab == "bot":
        is_loud = or_(Conversation.bot_quiet_until.is_(None), Conversation.bot_quiet_until <= now)
        return and_(is_open, Conversation.bot_enabled, is_loud)
    return is_open


def matches(
    pattern: str | BindParameter[str], digits: str | BindParameter[str] | None
) -> ColumnElement[bool]:
    """Return the condition for leads whose name fits the pattern or whose number holds the digits."""
    named = Lead.customer_name.regexp_match(pattern, flags="i")
    return named if digits is None else or_(named, Lead.phone_number.contains(digits))


def at_or_above(
    at: datetime | BindParameter[datetime], row_id: int | BindParameter[int]
) -> ColumnElement[bool]:
    """Return the condition for rows not below a place. The negation of `older_than` has no index."""
    return row_of(Conversation.last_message_at, Conversation.id) >= row_of(at, row_id)


def _any_accent(character: str) -> str:
    bare = unicodedata.normalize("NFD", character)[0]
    if family := _FAMILIES.get(bare.lower()):
        return f"[{family}]"
    # A backslash before a letter would mean something; before anything else it takes its meaning away.
    return character if character.isalnum() else f"\\{character}"


def _rows(wanted: ListFilter, now: datetime) -> Select[Conversation]:
    rows = select(Conversation).order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    if not wanted.q:
        rows = rows.where(in_tab(wanted.tab, now))
        return rows.options(joinedload(Conversation.lead, innerjoin=True))
    found = rows.join(Conversation.lead).where(matches(wanted.name_pattern, wanted.digits))
    return found.options(contains_eager(Conversation.lead))


def _page(rows: list[Conversation], has_more: bool, keep: Cursor | None) -> ListPage:
    last = Cursor(rows[-1].last_message_at, rows[-1].id) if rows else keep
    # A list that fits one page has no lower end: what comes later belongs to it too.
    return ListPage(rows, last if has_more else None, last if has_more or keep else None)
