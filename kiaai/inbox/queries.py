"""All reads of the conversation list: its rows, its tabs, and the one query of an unchanged poll."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    and_,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import contains_eager, joinedload

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Installation, Lead, User
from kiaai.web.paging import Cursor, older_than, read_cursor
from kiaai.whatsapp.phone_numbers import digits_of

PAGE_ROWS = 30
# So many rows a reader may have loaded; a poll draws no more.
MOST_ROWS = 1000
COUNT_LIMIT = 100
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
        return cls(known, (q or "").strip()[:100], read_cursor(until))

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


@dataclass(frozen=True)
class Alerts:
    """What everybody must know: a channel that may not send, or delivery held."""

    paused_at: datetime | None
    held_at: datetime | None


@dataclass(frozen=True)
class ListState:
    """Who asks and what the list depends on, in one query. rows: ids and versions in order."""

    user_id: int
    is_admin: bool
    rows: str
    counts: dict[str, int]
    alerts: Alerts

    @property
    def parts(self) -> tuple[object, ...]:
        return (self.rows, *self.counts.values(), self.alerts)


def list_state(session_key: str | None, wanted: ListFilter, now: datetime) -> ListState | None:
    """Return what the drawn list depends on; None when the session names no active person."""
    drawn = _range(wanted, now).with_only_columns(
        Conversation.id, Conversation.version, Conversation.last_message_at, maintain_column_froms=True
    )
    rows = drawn.subquery()
    pair = func.concat(rows.c.id, ":", rows.c.version)
    order = aggregate_order_by(literal(","), rows.c.last_message_at.desc(), rows.c.id.desc())
    found = db.session.execute(
        select(
            User.id,
            User.role,
            select(func.string_agg(pair, order)).scalar_subquery().label("rows"),
            *(_count(tab, now).label(f"count_{tab}") for tab in TABS),
            select(func.max(Channel.paused_at)).scalar_subquery().label("paused_at"),
            select(func.max(Installation.held_at)).scalar_subquery().label("held_at"),
        ).where(User.fs_uniquifier == (session_key or ""), User.active)
    ).one_or_none()
    return _list_state(found) if found else None


def list_page(wanted: ListFilter, now: datetime) -> ListPage:
    """Return the rows from the newest down to where the reader has loaded, or the first page."""
    limit = MOST_ROWS if wanted.until else PAGE_ROWS
    rows = list(db.session.scalars(_drawn(_range(wanted, now, limit + 1), wanted)))
    has_more = len(rows) > limit or bool(wanted.until and _has_below(wanted, wanted.until, now))
    return _page(rows[:limit], has_more, keep=wanted.until)


def older_page(wanted: ListFilter, before: Cursor, now: datetime) -> ListPage:
    """Return the next rows below a place."""
    below = older_than(Conversation.last_message_at, Conversation.id, before)
    rows = list(db.session.scalars(_drawn(_chosen(wanted, now).where(below).limit(PAGE_ROWS + 1), wanted)))
    return _page(rows[:PAGE_ROWS], len(rows) > PAGE_ROWS, keep=before)


def has_conversations() -> bool:
    """Tell whether anybody ever wrote: an empty installation explains itself."""
    return bool(db.session.scalar(select(exists().where(Conversation.id > 0))))


def paused_channels() -> list[Channel]:
    return list(
        db.session.scalars(select(Channel).where(Channel.paused_at.is_not(None)).order_by(Channel.id))
    )


def _list_state(found: Row[Any]) -> ListState:
    return ListState(
        user_id=found.id,
        is_admin=found.role == "admin",
        rows=found.rows or "",
        counts={tab: getattr(found, f"count_{tab}") for tab in TABS},
        alerts=Alerts(found.paused_at, found.held_at),
    )


def _page(rows: list[Conversation], has_more: bool, keep: Cursor | None) -> ListPage:
    last = Cursor(rows[-1].last_message_at, rows[-1].id) if rows else keep
    # A list that fits one page has no lower end: what comes later belongs to it too.
    until = last if has_more or keep else None
    return ListPage(rows, last if has_more else None, until)


def _range(wanted: ListFilter, now: datetime, limit: int = PAGE_ROWS) -> Select[Conversation]:
    chosen = _chosen(wanted, now)
    if wanted.until:
        reached = not_(older_than(Conversation.last_message_at, Conversation.id, wanted.until))
        return chosen.where(reached).limit(MOST_ROWS)
    return chosen.limit(limit)


def _has_below(wanted: ListFilter, until: Cursor, now: datetime) -> bool:
    below = older_than(Conversation.last_message_at, Conversation.id, until)
    return db.session.scalar(_chosen(wanted, now).where(below).limit(1)) is not None


def _chosen(wanted: ListFilter, now: datetime) -> Select[Conversation]:
    newest_first = (Conversation.last_message_at.desc(), Conversation.id.desc())
    chosen = select(Conversation).order_by(*newest_first)
    if wanted.q:
        # A search looks everywhere, in closed conversations too.
        return chosen.join(Conversation.lead).where(_matches(wanted.q))
    return chosen.where(_in_tab(wanted.tab, now))


def _drawn(chosen: Select[Conversation], wanted: ListFilter) -> Select[Conversation]:
    if wanted.q:
        return chosen.options(contains_eager(Conversation.lead))
    return chosen.options(joinedload(Conversation.lead, innerjoin=True))


def _matches(q: str) -> ColumnElement[bool]:
    named = Lead.customer_name.icontains(q, autoescape=True)
    digits = (digits_of(q) or "".join(filter(str.isdigit, q))).removeprefix("00")
    is_number = not any(map(str.isalpha, q)) and len(digits) >= 3
    return or_(named, Lead.phone_number.contains(digits, autoescape=True)) if is_number else named


def _in_tab(tab: str, now: datetime) -> ColumnElement[bool]:
    is_open = Conversation.state != "closed"
    if tab == "unread":
        return Conversation.unread_count > 0
    if tab == "closed":
        return Conversation.state == "closed"
    if tab == "bot":
        is_loud = or_(Conversation.bot_quiet_until.is_(None), Conversation.bot_quiet_until <= now)
        return and_(is_open, Conversation.bot_enabled, is_loud)
    return is_open


def _count(tab: str, now: datetime) -> ScalarSelect[int]:
    """Count the rows of a tab, up to 100: beyond that it says 99+."""
    some = select(Conversation.id).where(_in_tab(tab, now)).limit(COUNT_LIMIT).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
