"""All reads of the conversation list: which rows stand in it, and what they show."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, and_, exists, or_, select
from sqlalchemy import tuple_ as row_of
from sqlalchemy.orm import contains_eager, joinedload

from kiaai.extensions import db
from kiaai.leads.searching import cleaned_search, matches, name_pattern, number_digits
from kiaai.models import Channel, Conversation, Lead
from kiaai.web.paging import Cursor, older_than, read_cursor

PAGE_ROWS = 30
# So many rows a reader may have loaded; a poll draws no more.
MOST_ROWS = 1000
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
        return cls(known, cleaned_search(q), read_cursor(until))

    @property
    def address(self) -> dict[str, str]:
        """What its URLs carry; a plain list has plain ones."""
        parts = {"tab": self.tab if self.tab != "all" else "", "q": self.q}
        return {name: value for name, value in parts.items() if value}

    @property
    def name_pattern(self) -> str:
        return name_pattern(self.q)

    @property
    def digits(self) -> str | None:
        return number_digits(self.q)


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
        wants_no_bot = Conversation.lead.has(Lead.opted_out_at.is_not(None))
        return and_(is_open, Conversation.bot_enabled, is_loud, ~wants_no_bot)
    return is_open


def at_or_above(
    at: datetime | BindParameter[datetime], row_id: int | BindParameter[int]
) -> ColumnElement[bool]:
    """Return the condition for rows not below a place. The negation of `older_than` has no index."""
    return row_of(Conversation.last_message_at, Conversation.id) >= row_of(at, row_id)


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
