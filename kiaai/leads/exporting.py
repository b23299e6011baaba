"""Leads as a table that any spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from kiaai.extensions import db
from kiaai.leads.table import COLUMNS, TIME_COLUMNS, defused
from kiaai.models import Lead

PAGE = 1000


def export() -> Iterator[str]:
    """Give all leads as CSV text, a page at a time, oldest first. No transaction stays open in between."""
    yield _csv([[*COLUMNS, *TIME_COLUMNS]])
    last_id = 0
    while leads := _page(last_id):
        last_id = leads[-1].id
        rows = [_cells(lead) for lead in leads]
        db.session.remove()
        yield _csv(rows)


def _page(after_id: int) -> Sequence[Lead]:
    return db.session.scalars(select(Lead).where(Lead.id > after_id).order_by(Lead.id).limit(PAGE)).all()


def _cells(lead: Lead) -> list[str]:
    words = (lead.phone_number, lead.customer_name, lead.lead_status, lead.notes, ", ".join(lead.tags))
    times = (_text(lead.first_contact_at), _text(lead.last_contact_at))
    return [*(defused(word or "") for word in words), *times]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
