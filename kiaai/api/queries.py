"""The reads of the API: pages by keyset, so that rows that arrive meanwhile repeat and hide none."""

import time
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from kiaai.extensions import db
from kiaai.leads import hits
from kiaai.leads.searching import cleaned_search
from kiaai.models import ApiKey, Conversation, Lead, LeadEvent, Message, User
from kiaai.models.message import ERASED
from kiaai.web.paging import Cursor, older_than

EXACT_TOTAL = 1000
TOTAL_SECONDS = 10.0
HISTORY_ROWS = 200
TOTALS_KEPT = 500

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where the next page begins; None at the end."""

    rows: list[Row]
    next: Cursor | None


def list_conversations(q: str, limit: int, before: Cursor | None) -> Page[Conversation]:
    """Return conversations with their leads, newest first."""
    q = cleaned_search(q)
    wanted = select(Conversation).options(joinedload(Conversation.lead, innerjoin=True))
    if q:
        found = hits.conversation_hits(hits.kind_of(q, _only(before)))
        wanted = wanted.where(Conversation.id.in_(hits.find(found, hits.values_for(q, limit + 1, before))))
    elif before:
        wanted = wanted.where(older_than(Conversation.last_message_at, Conversation.id, before))
    newest = wanted.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    return _page(newest, limit, lambda row: Cursor(row.last_message_at, row.id))


def list_leads(status: str | None, q: str, limit: int, before: Cursor | None) -> Page[Lead]:
    """Return leads, the one last in contact first."""
    q = cleaned_search(q)
    wanted = select(Lead)
    if q:
        values = hits.values_for(q, limit + 1, before) | {"status": status}
        found = hits.lead_hits(hits.kind_of(q, _only(before)), has_status=status is not None)
        wanted = wanted.where(Lead.id.in_(hits.find(found, values)))
    else:
        if status:
            wanted = wanted.where(Lead.lead_status == status)
        if before:
            wanted = wanted.where(older_than(Lead.last_contact_at, Lead.id, before))
    newest = wanted.order_by(Lead.last_contact_at.desc(), Lead.id.desc())
    return _page(newest, limit, lambda row: Cursor(row.last_contact_at, row.id))


def _only(before: Cursor | None) -> str:
    return hits.BELOW if before else hits.ALL


def list_messages(conversation_id: int, limit: int, before: Cursor | None) -> Page[Message]:
    """Return the newest messages before the cursor, oldest first."""
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.kind != ERASED)
    if before:
        wanted = wanted.where(older_than(Message.timestamp, Message.id, before))
    newest = wanted.order_by(Message.timestamp.desc(), Message.id.desc())
    page = _page(newest, limit, lambda row: Cursor(row.timestamp, row.id))
    return Page(page.rows[::-1], page.next)


def list_history(lead_id: int) -> list[dict[str, Any]]:
    """Return the lead's history with the names of those who changed something, newest first."""
    by_name = func.coalesce(func.nullif(User.name, ""), User.email, ApiKey.name).label("by_name")
    told = (
        select(LeadEvent.id, LeadEvent.kind, LeadEvent.old, LeadEvent.new, LeadEvent.by, by_name)
        .add_columns(LeadEvent.created_at.label("at"))
        .outerjoin(User, User.id == LeadEvent.user_id)
        .outerjoin(ApiKey, ApiKey.id == LeadEvent.api_key_id)
        .where(LeadEvent.lead_id == lead_id)
        .order_by(LeadEvent.id.desc())
        .limit(HISTORY_ROWS)
    )
    return [dict(row) for row in db.session.execute(told).mappings()]


def count_conversations(q: str) -> int:
    """Return how many there are: exact up to 1,000, above that at most ten seconds old."""
    q = cleaned_search(q)
    kept = _totals.get(q)
    if kept and kept[1] > time.monotonic():
        return kept[0]
    total = _count(q)
    if total <= EXACT_TOTAL:
        return total
    if len(_totals) >= TOTALS_KEPT:
        _totals.clear()
    _totals[q] = (total, time.monotonic() + TOTAL_SECONDS)
    return total


# By search text: the number, and until when it is good.
_totals: dict[str, tuple[int, float]] = {}


def _count(q: str) -> int:
    if not q:
        return db.session.scalar(select(func.count()).select_from(Conversation)) or 0
    return hits.count_conversations(q, EXACT_TOTAL)


def _page(newest: Select[Any], limit: int, cursor_of: Any) -> Page[Any]:
    # One row more than wanted tells whether there is a next page.
    rows = list(db.session.scalars(newest.limit(limit + 1)))
    has_more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, cursor_of(rows[-1]) if has_more else None)
