"""The one query of a list poll: who asks, which rows they see at which version, and how many there are."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    ScalarSelect,
    Select,
    TextClause,
    bindparam,
    exists,
    false,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from kiaai.extensions import db
from kiaai.inbox.queries import MOST_ROWS, NEWEST_FIRST, PAGE_ROWS, ListFilter, at_or_above, below, in_tab
from kiaai.leads import hits
from kiaai.models import Channel, Conversation, Installation, User

COUNT_LIMIT = 100
# What a person decides by; the other tabs are places to look things up, and a count costs each poll.
COUNTED_TABS = ("all", "unread")

_NOW = bindparam("now", type_=DateTime(timezone=True))
_AT = bindparam("at", type_=DateTime(timezone=True))
_ID = bindparam("id", type_=BigInteger)


@dataclass(frozen=True)
class Alerts:
    """What everybody must know: channels that may not send, or delivery held. None: there is no such thing.

    Each names since when and why, so that another reason is another news.
    """

    paused: str | None
    held: str | None


@dataclass(frozen=True)
class ListState:
    """Who asks and what the list depends on. counts: by tab, up to 100.

    rows: of those to be drawn, in order, their ids, versions, and whether the bot is quiet there, which ends
    by itself. has_more: whether others follow below.
    """

    user_id: int
    is_admin: bool
    rows: list[str]
    has_more: bool
    counts: dict[str, int]
    alerts: Alerts

    @property
    def ids(self) -> list[int]:
        return [int(row.split(":", 1)[0]) for row in self.rows]

    @property
    def parts(self) -> tuple[object, ...]:
        alerts = (self.alerts.paused, self.alerts.held)
        return (self.is_admin, self.has_more, *self.rows, *self.counts.values(), *alerts)


def list_state(session_key: str | None, wanted: ListFilter, now: datetime) -> ListState | None:
    """Return what the drawn list depends on; None when the session names no active person."""
    until = wanted.until
    values: dict[str, Any] = {"session_key": session_key or "", "now": now}
    if wanted.q:
        values |= hits.values_for(wanted.q, MOST_ROWS if until else PAGE_ROWS + 1, until)
    elif until:
        values |= {"at": until.at, "id": until.id}
    kind = hits.kind_of(wanted.q) if wanted.q else None
    found = db.session.execute(_statement(wanted.tab, kind, until is not None), values).one_or_none()
    if found is None:
        return None
    rows = found.rows.split(",") if found.rows else []
    return ListState(
        user_id=found.user_id,
        is_admin=found.role == "admin",
        rows=rows if until else rows[:PAGE_ROWS],
        has_more=found.has_more or len(rows) > (MOST_ROWS - 1 if until else PAGE_ROWS),
        counts={tab: getattr(found, f"count_{tab}") for tab in COUNTED_TABS},
        alerts=Alerts(found.paused, found.held),
    )


@cache
def _statement(tab: str, search: hits.Kind | None, has_until: bool) -> TextClause:
    """Return the query as text: building it anew costs more than PostgreSQL takes to answer it."""
    query = select(
        User.id.label("user_id"),
        User.role,
        _signs(_found(search, has_until) if search else _in_tab(tab, has_until)).label("rows"),
        (_has_below(tab, search) if has_until else false()).label("has_more"),
        *(_count(each).label(f"count_{each}") for each in COUNTED_TABS),
        _paused().label("paused"),
        _held().label("held"),
    ).where(User.fs_uniquifier == bindparam("session_key"), User.active)
    # "named" writes parameters as text() reads them.
    compiled = query.compile(dialect=PGDialect_psycopg2(paramstyle="named"))  # type: ignore[no-untyped-call]  # of the library
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return text(compiled.string).bindparams(**constants)


def _in_tab(tab: str, has_until: bool) -> Select[Any]:
    rows = select(Conversation).where(in_tab(tab, _NOW))
    if has_until:
        rows = rows.where(at_or_above(_AT, _ID))
    return rows.order_by(*NEWEST_FIRST).limit(MOST_ROWS if has_until else PAGE_ROWS + 1)


def _found(search: hits.Kind, has_until: bool) -> Select[Any]:
    """Select the rows that a search finds, each by its key; OFFSET 0 lets the planner do nothing else."""
    kind = replace(search, only=hits.ABOVE) if has_until else search
    found = hits.conversation_hits(kind).subquery()
    its_row = select(Conversation).where(Conversation.id == found.c.id).offset(0).lateral()
    return select(its_row).select_from(found.join(its_row, true()))


def _has_below(tab: str, search: hits.Kind | None) -> ColumnElement[bool]:
    """Ask whether rows follow below the place down to which the reader has loaded."""
    if search:
        found = hits.conversation_hits(replace(search, only=hits.BELOW)).subquery()
        return exists(select(found.c.id))
    return exists().where(in_tab(tab, _NOW), below(_AT, _ID))


def _signs(rows: Select[Any]) -> ScalarSelect[str]:
    """Say of each row, in order, what its drawing depends on."""
    row = rows.subquery().c
    order = aggregate_order_by(literal(","), row.last_message_at.desc(), row.id.desc())
    is_quiet = func.coalesce(row.bot_quiet_until > _NOW, false())
    return select(
        func.string_agg(func.concat_ws(":", row.id, row.version, is_quiet), order)
    ).scalar_subquery()


def _paused() -> ScalarSelect[str]:
    """Say of each paused channel since when and why."""
    pause = func.concat_ws(":", Channel.id, Channel.paused_at, Channel.paused_code, Channel.paused_reason)
    order = aggregate_order_by(literal(","), Channel.id)
    paused = select(func.string_agg(pause, order)).where(Channel.paused_at.is_not(None))
    return paused.scalar_subquery()


def _held() -> ScalarSelect[str]:
    hold = func.concat_ws(":", Installation.held_at, Installation.held_reason)
    held = select(func.max(hold)).where(Installation.held_at.is_not(None))
    return held.scalar_subquery()


def _count(tab: str) -> ScalarSelect[int]:
    """Count the rows of a tab, up to 100: beyond that it says 99+.

    The newest ones: in no order, PostgreSQL reads the table from its old end, where closed ones lie by the
    thousand.
    """
    some = select(Conversation.id).where(in_tab(tab, _NOW)).order_by(*NEWEST_FIRST).limit(COUNT_LIMIT)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()
