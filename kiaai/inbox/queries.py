"""All reads of the conversation list: which rows stand in it, and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    and_,
    any_,
    exists,
    literal,
    or_,
    select,
)
from sqlalchemy import tuple_ as row_of
from sqlalchemy.orm import joinedload

from kiaai.extensions import db
from kiaai.leads import hits
from kiaai.leads.searching import cleaned_search
from kiaai.models import Channel, Conversation, Lead
from kiaai.web.paging import Cursor, older_than, read_cursor

PAGE_ROWS = 30
# So many rows a reader may have loaded; a poll draws no more, and the next ones are loaded again.
MOST_ROWS = 1000
NEWEST_FIRST = (Conversation.last_message_at.desc(), Conversation.id.desc())
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


@dataclass(frozen=True)
class ListPage:
    """Rows of the list, and where the next ones begin; None when these are the last."""

    rows: list[Conversation]
    next: Cursor | None
    until: Cursor | None


def list_page(wanted: ListFilter, ids: Sequence[int], has_more: bool) -> ListPage:
    """Return the rows from the newest down to where the reader has loaded, or the first page.

    ids, has_more: what `list_state` found.
    """
    return _page(_by_id(ids), has_more, keep=wanted.until)


def older_page(wanted: ListFilter, before: Cursor, now: datetime) -> ListPage:
    """Return the next rows below a place."""
    rows = _newest(wanted, now, PAGE_ROWS + 1, before)
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


def below(at: BindParameter[datetime], row_id: BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition for rows below a place."""
    return row_of(Conversation.last_message_at, Conversation.id) < row_of(at, row_id)


def _newest(wanted: ListFilter, now: datetime, most: int, before: Cursor) -> list[Conversation]:
    """Return the newest rows below a place."""
    if wanted.q:
        kind, values = hits.kind_of(wanted.q, hits.BELOW), hits.values_for(wanted.q, most, before)
        return _by_id(hits.find(hits.conversation_hits(kind), values))
    rows = select(Conversation).options(joinedload(Conversation.lead, innerjoin=True))
    rows = rows.where(in_tab(wanted.tab, now))
    rows = rows.where(older_than(Conversation.last_message_at, Conversation.id, before))
    return list(db.session.scalars(rows.order_by(*NEWEST_FIRST).limit(most)))


def _by_id(ids: Sequence[int]) -> list[Conversation]:
    rows = select(Conversation).options(joinedload(Conversation.lead, innerjoin=True))
    rows = rows.where(Conversation.id == any_(literal(list(ids), ARRAY(BigInteger))))
    return list(db.session.scalars(rows.order_by(*NEWEST_FIRST)))


def _page(rows: list[Conversation], has_more: bool, keep: Cursor | None) -> ListPage:
    last = Cursor(rows[-1].last_message_at, rows[-1].id) if rows else keep
    # A list that fits one page has no lower end: what comes later belongs to it too.
    return ListPage(rows, last if has_more else None, last if has_more or keep else None)
