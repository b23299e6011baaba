"""The one query of a list poll: who asks, which rows they see at which version, and how many there are."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ScalarSelect,
    Text,
    TextClause,
    bindparam,
    false,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from kiaai.extensions import db
from kiaai.inbox.queries import MOST_ROWS, PAGE_ROWS, ListFilter, at_or_above, in_tab
from kiaai.leads.searching import matches
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

    rows: in order their ids, versions, and whether the bot is quiet there, which ends by itself.
    """

    user_id: int
    is_admin: bool
    rows: str
    counts: dict[str, int]
    alerts: Alerts

    @property
    def parts(self) -> tuple[object, ...]:
        return (self.is_admin, self.rows, *self.counts.values(), self.alerts.paused, self.alerts.held)


def list_state(session_key: str | None, wanted: ListFilter, now: datetime) -> ListState | None:
    """Return what the drawn list depends on; None when the session names no active person."""
    statement = _statement(wanted.tab, bool(wanted.q), bool(wanted.digits), wanted.until is not None)
    values: dict[str, Any] = {"session_key": session_key or "", "now": now}
    if wanted.until:
        values |= {"until_at": wanted.until.at, "until_id": wanted.until.id}
    if wanted.q:
        values["pattern"] = wanted.name_pattern
    if wanted.digits:
        values["digits"] = wanted.digits
    found = db.session.execute(statement, values).one_or_none()
    if found is None:
        return None
    return ListState(
        user_id=found.user_id,
        is_admin=found.role == "admin",
        rows=found.rows or "",
        counts={tab: getattr(found, f"count_{tab}") for tab in COUNTED_TABS},
        alerts=Alerts(found.paused, found.held),
    )


@cache
def _statement(tab: str, has_q: bool, has_digits: bool, has_until: bool) -> TextClause:
    """Return the query as text: building it anew costs more than PostgreSQL takes to answer it."""
    query = select(
        User.id.label("user_id"),
        User.role,
        _rows(tab, has_q, has_digits, has_until).label("rows"),
        *(_count(each).label(f"count_{each}") for each in COUNTED_TABS),
        _paused().label("paused"),
        _held().label("held"),
    ).where(User.fs_uniquifier == bindparam("session_key"), User.active)
    # "named" writes parameters as text() reads them.
    compiled = query.compile(dialect=PGDialect_psycopg2(paramstyle="named"))  # type: ignore[no-untyped-call]
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return text(compiled.string).bindparams(**constants)


def _rows(tab: str, has_q: bool, has_digits: bool, has_until: bool) -> ScalarSelect[Any]:
    is_quiet = func.coalesce(Conversation.bot_quiet_until > _NOW, false()).label("is_quiet")
    drawn = select(Conversation.id, Conversation.version, Conversation.last_message_at, is_quiet)
    if has_q:
        digits = bindparam("digits", type_=Text) if has_digits else None
        drawn = drawn.join(Conversation.lead).where(matches(bindparam("pattern", type_=Text), digits))
    else:
        drawn = drawn.where(in_tab(tab, _NOW))
    if has_until:
        at, row_id = (
            bindparam("until_at", type_=DateTime(timezone=True)),
            bindparam("until_id", type_=BigInteger),
        )
        drawn = drawn.where(at_or_above(at, row_id))
    newest = (Conversation.last_message_at.desc(), Conversation.id.desc())
    rows = drawn.order_by(*newest).limit(MOST_ROWS if has_until else PAGE_ROWS).subquery()
    order = aggregate_order_by(literal(","), rows.c.last_message_at.desc(), rows.c.id.desc())
    row = func.concat_ws(":", rows.c.id, rows.c.version, rows.c.is_quiet)
    return select(func.string_agg(row, order)).scalar_subquery()


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
