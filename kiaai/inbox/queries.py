"""All reads of the conversation list: which rows stand in it, and what they show."""

import re
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
        return cls(known, (q or "").replace("\x00", "").strip()[:100], read_cursor(until))

    @property
    def address(self) -> dict[str, str]:
        """What its URLs carry; a plain list has plain ones."""
        parts = {"tab": self.tab if self.tab != "all" else "", "q": self.q}
        return {name: value for name, value in parts.items() if value}

    @property
    def name_pattern(self) -> str | None:
        return _containing(self.q) if self.q else None

    @property
    def number_pattern(self) -> str | None:
        """The digits that are looked for; None when this is no number or too little of one."""
        if any(map(str.isalpha, self.q)):
            return None
        digits = (digits_of(self.q) or re.sub(r"\D", "", self.q)).removeprefix("00")
        return _containing(digits) if len(digits) >= FEWEST_DIGITS else None


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
    name_pattern: str | BindParameter[str], number_pattern: str | BindParameter[str] | None
) -> ColumnElement[bool]:
    """Return the condition for leads whose name, or number if one is given, contains what is looked for."""
    named = Lead.customer_name.ilike(name_pattern, escape="/")
    if number_pattern is None:
        return named
    return or_(named, Lead.phone_number.like(number_pattern, escape="/"))


def at_or_above(
    at: datetime | BindParameter[datetime], row_id: int | BindParameter[int]
) -> ColumnElement[bool]:
    """Return the condition for rows not below a place. The negation of `older_than` has no index."""
    return row_of(Conversation.last_message_at, Conversation.id) >= row_of(at, row_id)


def _containing(text: str) -> str:
    return "%" + re.sub("([/%_])", r"/\1", text) + "%"


def _rows(wanted: ListFilter, now: datetime) -> Select[Conversation]:
    rows = select(Conversation).order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    if wanted.name_pattern is None:
        rows = rows.where(in_tab(wanted.tab, now))
        return rows.options(joinedload(Conversation.lead, innerjoin=True))
    found = rows.join(Conversation.lead).where(matches(wanted.name_pattern, wanted.number_pattern))
    return found.options(contains_eager(Conversation.lead))


def _page(rows: list[Conversation], has_more: bool, keep: Cursor | None) -> ListPage:
    last = Cursor(rows[-1].last_message_at, rows[-1].id) if rows else keep
    # A list that fits one page has no lower end: what comes later belongs to it too.
    return ListPage(rows, last if has_more else None, last if has_more or keep else None)
