"""All reads of the conversation list: which rows stand in it, and what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ARRAY, BigInteger, TextClause, any_, exists, literal, select, text
from sqlalchemy.orm import joinedload

from kiaai.extensions import db
from kiaai.inbox.list_filter import TABS as TABS
from kiaai.inbox.list_filter import ListFilter as ListFilter
from kiaai.inbox.list_state import PAGE_ROWS as PAGE_ROWS
from kiaai.inbox.list_state import ListState
from kiaai.inbox.listing import BELOW, Shape, listed, shape_of, values_for
from kiaai.inbox.timeline import known_tags
from kiaai.models import Channel, Conversation, Lead, User
from kiaai.web.paging import Place


@dataclass(frozen=True)
class ListPage:
    """Rows of the list, and where the next ones begin; None when these are the last."""

    rows: list[Conversation]
    next: Place | None
    until: Place | None


@dataclass(frozen=True)
class OfferedTag:
    """A tag to choose, and who of the selected has it."""

    name: str
    colour: str
    on_all: bool
    on_some: bool


def list_page(wanted: ListFilter, state: ListState) -> ListPage:
    """Return the rows that `list_state` found: down to where the reader has loaded, or the first page."""
    last = state.last or wanted.until
    # A list that fits one page has no lower end: what comes later belongs to it too.
    is_open_ended = not state.has_more and not wanted.until
    return ListPage(_by_id(state.ids), last if state.has_more else None, None if is_open_ended else last)


def older_page(wanted: ListFilter, before: Place, now: datetime, viewer_id: int) -> ListPage:
    """Return the next rows below a place."""
    found = _below(wanted, before, PAGE_ROWS + 1, now, viewer_id)
    drawn = found[:PAGE_ROWS]
    last = drawn[-1] if drawn else before
    return ListPage(_by_id([place.id for place in drawn]), last if len(found) > PAGE_ROWS else None, last)


def has_conversations() -> bool:
    """Tell whether anybody ever wrote: an empty installation explains itself."""
    return bool(db.session.scalar(select(exists().where(Conversation.id > 0))))


def paused_channels() -> list[Channel]:
    paused = select(Channel).where(Channel.paused_at.is_not(None))
    return list(db.session.scalars(paused.order_by(Channel.id)))


def active_people() -> list[User]:
    """Return everybody of the team to whom work can be given."""
    return list(db.session.scalars(select(User).where(User.active).order_by(User.name, User.email)))


def offered_tags(ids: Sequence[int]) -> list[OfferedTag]:
    """Return the tags to choose from, and whether all or some of these people have each."""
    wanted = literal(list(ids), ARRAY(BigInteger))
    of_leads = select(Lead.tags).join(Conversation, Conversation.lead_id == Lead.id)
    worn = list(db.session.scalars(of_leads.where(Conversation.id == any_(wanted))))
    tags = known_tags().items()
    return [
        OfferedTag(
            name,
            colour,
            bool(worn) and all(name in each for each in worn),
            any(name in each for each in worn),
        )
        for name, colour in tags
    ]


def last_statuses(ids: Sequence[int]) -> Mapping[int, str]:
    """Return how the last message that we sent in each conversation fares; nobody's when there is none.

    Looked for among the last messages only: under many unanswered ones, its fate is no news.
    """
    found = db.session.execute(_LAST_STATUSES, {"ids": list(ids)}) if ids else ()
    return {row.id: row.status for row in found}


def _below(wanted: ListFilter, place: Place, most: int, now: datetime, viewer_id: int) -> list[Place]:
    """Return where the next rows below a place stand."""
    values = values_for(wanted, place, most, now) | {"viewer_id": viewer_id}
    found = db.session.execute(_below_statement(shape_of(wanted, BELOW, place, most)), values)
    return [Place(row.section, row.at, row.id) for row in found]


@cache
def _below_statement(shape: Shape) -> TextClause:
    viewer = "viewer AS (SELECT CAST(:viewer_id AS bigint) AS id)"
    return text(f"WITH {viewer}, {listed(shape)} SELECT section, at, id FROM listed ORDER BY rank")


def _by_id(ids: Sequence[int]) -> list[Conversation]:
    """Return the conversations with lead and assignee, in this order; one that is gone is left out."""
    rows = select(Conversation).options(
        joinedload(Conversation.lead, innerjoin=True), joinedload(Conversation.assignee)
    )
    rows = rows.where(Conversation.id == any_(literal(list(ids), ARRAY(BigInteger))))
    found = {row.id: row for row in db.session.scalars(rows)}
    return [found[row_id] for row_id in ids if row_id in found]


# In the order of the thread, so that its index is read from the end.
_LAST_STATUSES = text("""
    SELECT asked.id, m.status FROM unnest(CAST(:ids AS bigint[])) asked(id) CROSS JOIN LATERAL (
        SELECT direction, status FROM (
            SELECT direction, status, timestamp, id FROM messages WHERE conversation_id = asked.id
            ORDER BY timestamp DESC, id DESC LIMIT 20) newest
        WHERE direction = 'outgoing' AND status <> 'cancelled' ORDER BY timestamp DESC, id DESC LIMIT 1) m""")
