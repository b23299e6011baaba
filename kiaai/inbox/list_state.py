"""The one query of a list poll: who asks, which rows they see at which version, and how many there are."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ScalarSelect,
    Select,
    TextClause,
    bindparam,
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
from kiaai.inbox.queries import MOST_ROWS, PAGE_ROWS, ListFilter, at_or_above, in_tab
from kiaai.leads import hits
from kiaai.models import Channel, Conversation, Installation, User

COUNT_LIMIT = 100
# What a person decides by; the other tabs are places to look things up, and a count costs each poll.
COUNTED_TABS = ("all", "unread")

_NOW = bindparam("now", type_=DateTime(timezone=True))
_UNTIL_AT = bindparam("until_at", type_=DateTime(timezone=True))


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
    by itself. has_more: whether a first page is followed by another.
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
        return (self.is_admin, *self.rows, *self.counts.values(), self.alerts.paused, self.alerts.held)


def list_state(session_key: str | None, wanted: ListFilter, now: datetime) -> ListState | None:
    """Return what the drawn list depends on; None when the session names no active person."""
    until = wanted.until
    search = hits.kind_of(wanted.q, hits.ABOVE if until else hits.ALL) if wanted.q else None
    values: dict[str, Any] = {"session_key": session_key or "", "now": now}
    if wanted.q:
        values |= hits.values_for(wanted.q, MOST_ROWS if until else PAGE_ROWS + 1, until)
    elif until:
        values |= {"at": until.at, "id": until.id}
    found = db.session.execute(_statement(wanted.tab, search, until is not None), values).one_or_none()
    if found is None:
        return None
    rows = found.rows.split(",") if found.rows else []
    return ListState(
        user_id=found.user_id,
        is_admin=found.role == "admin",
        rows=rows if until else rows[:PAGE_ROWS],
        has_more=until is None and len(rows) > PAGE_ROWS,
        counts={tab: getattr(found, f"count_{tab}") for tab in COUNTED_TABS},
        alerts=Alerts(found.paused, found.held),
    )


@cache
def _statement(tab: str, search: hits.Kind | None, has_until: bool) -> TextClause:
    """Return the query as text: building it anew costs more than PostgreSQL takes to answer it."""
    query = select(
        User.id.label("user_id"),
        User.role,
        _signs(_found(search) if search else _in_tab(tab, has_until)).label("rows"),
        *(_count(each).label(f"count_{each}") for each in COUNTED_TABS),
        _paused().label("paused"),
        _held().label("held"),
    ).where(User.fs_uniquifier == bindparam("session_key"), User.active)
    # "named" writes parameters as text() reads them.
    compiled = query.compile(dialect=PGDialect_psycopg2(paramstyle="named"))  # type: ignore[no-untyped-call]
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return text(compiled.string).bindparams(**constants)


def _in_tab(tab: str, has_until: bool) -> Select[Any]:
    rows = select(Conversation).where(in_tab(tab, _NOW))
    if has_until:
        at = bindparam("at", type_=DateTime(timezone=True))
        rows = rows.where(at_or_above(at, bindparam("id", type_=BigInteger)))
    newest = rows.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    return newest.limit(MOST_ROWS if has_until else PAGE_ROWS + 1)


def _found(search: hits.Kind) -> Select[Any]:
    """Select the rows that a search finds, each by its key; OFFSET 0 lets the planner do nothing else."""
    found = hits.conversation_hits(search).subquery()
    its_row = select(Conversation).where(Conversation.id == found.c.id).offset(0).lateral()
    return select(its_row).select_from(found.join(its_row, true()))


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
    """Count the rows of a tab, up to 100: beyond that it says 99+."""
    some = select(Conversation.id).where(in_tab(tab, _NOW)).limit(COUNT_LIMIT).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
