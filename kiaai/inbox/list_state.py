"""The one query of a list poll: who asks, which rows they see at which version, and how many there are."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, text

from kiaai.extensions import db
from kiaai.inbox.list_filter import TABS, ListFilter
from kiaai.inbox.listing import ALL, BELOW, DOWN_TO, Shape, listed, shape_of, values_for
from kiaai.inbox.prepared import run
from kiaai.inbox.tabs import in_tab, sections_of
from kiaai.web.paging import Place

PAGE_ROWS = 30
# So many rows a reader may have loaded; a poll draws no more.
MOST_ROWS = 1000
COUNT_LIMIT = 100
# Whom the bot answers stands in no index: with few of them, a count would walk past everybody each time.
COUNTED_TABS = tuple(tab for tab in TABS if tab != "bot")


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
    by itself. last: where the last of them stands. has_more: whether others follow below.
    names: a sign of what people and tags are called, and of the colours.
    """

    user_id: int
    is_admin: bool
    rows: list[str]
    last: Place | None
    has_more: bool
    counts: dict[str, int]
    names: str
    alerts: Alerts

    @property
    def ids(self) -> list[int]:
        return [int(row.split(":", 1)[0]) for row in self.rows]

    @property
    def parts(self) -> tuple[object, ...]:
        alerts = (self.alerts.paused, self.alerts.held)
        return (self.is_admin, self.has_more, *self.rows, *self.counts.values(), self.names, *alerts)


def list_state(session_key: str | None, wanted: ListFilter, now: datetime) -> ListState | None:
    """Return what the drawn list depends on; None when the session names no active person."""
    until = wanted.until
    drawn = MOST_ROWS if until else PAGE_ROWS
    most = drawn if until else drawn + 1
    shape = shape_of(wanted, DOWN_TO if until else ALL, until, most)
    below = shape_of(wanted, BELOW, until, 1) if until else None
    values = {**values_for(wanted, until, most, now), "session_key": session_key or "", "drawn": drawn}
    found = _found(shape, below, values).one_or_none()
    if found is None:
        return None
    rows = found.rows.split(",") if found.rows else []
    return ListState(
        user_id=found.user_id,
        is_admin=found.role == "admin",
        rows=rows[:drawn],
        last=Place(found.section, found.at, found.id) if rows else None,
        # Of more rows than are drawn, the next ones are loaded again.
        has_more=found.has_more or len(rows) > (MOST_ROWS - 1 if until else PAGE_ROWS),
        counts={tab: getattr(found, f"count_{tab}") for tab in COUNTED_TABS},
        names=f"{found.people}{found.tags}",
        alerts=Alerts(found.paused, found.held),
    )


def _found(shape: Shape, below: Shape | None, values: dict[str, Any]) -> CursorResult[Any]:
    """Ask; what is sought, or picked by status or tag, is planned for that each time."""
    sql = _statement(shape, below)
    if shape.search or shape.is_filtered:
        return db.session.execute(text(sql), values)  # type: ignore[return-value]  # of a text it is one
    return run(db.session.connection(), sql, values)


@cache
def _statement(shape: Shape, below: Shape | None) -> str:
    counts = ", ".join(_count(tab) for tab in COUNTED_TABS)
    has_more = f"EXISTS (WITH {listed(below)} SELECT FROM listed)" if below else "false"
    return _STATE.format(listed=listed(shape), counts=counts, has_more=has_more)


def _count(tab: str) -> str:
    """Count the rows of a tab up to 100, as 99+ is said beyond; in the order of its index, to take that."""
    order = sections_of(tab, "newest")[0].order
    some = f"SELECT FROM conversations WHERE {in_tab(tab)} ORDER BY {order} LIMIT {COUNT_LIMIT}"
    return f"(SELECT count(*) FROM ({some}) few) AS count_{tab}"


# Of each paused channel, since when and why; people and tags are drawn in many rows.
_STATE = """
    WITH viewer AS MATERIALIZED (
        SELECT id, role FROM users WHERE fs_uniquifier = :session_key AND active),
    {listed}
    SELECT viewer.id AS user_id, role, last.section, last.at, last.id, {has_more} AS has_more,
        (SELECT string_agg(sign, ',' ORDER BY rank) FROM listed) AS rows, {counts},
        (SELECT md5(string_agg(concat_ws(':', id, name, email), ',' ORDER BY id)) FROM users) AS people,
        (SELECT md5(string_agg(concat_ws(':', name, colour), ',' ORDER BY name)) FROM tags) AS tags,
        (SELECT string_agg(concat_ws(':', id, paused_at, paused_code, paused_reason), ',' ORDER BY id)
            FROM channels WHERE paused_at IS NOT NULL) AS paused,
        (SELECT max(concat_ws(':', held_at, held_reason)) FROM installation
            WHERE held_at IS NOT NULL) AS held
    FROM viewer LEFT JOIN (
        SELECT section, at, id FROM listed WHERE rank <= :drawn ORDER BY rank DESC LIMIT 1) last ON true"""
