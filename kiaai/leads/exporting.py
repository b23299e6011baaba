"""Leads as a table that any spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo

from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.leads.columns import COLUMNS, TIME_COLUMNS
from kiaai.leads.filters import PeopleFilter, conditions
from kiaai.leads.imports.cells import written_tags
from kiaai.leads.table import defused
from kiaai.models import Lead

PAGE = 1000
# By it Excel knows that the letters are Unicode.
BOM = "\ufeff"


def export(wanted: PeopleFilter | None = None, zone: tzinfo = UTC, with_bom: bool = False) -> Iterator[str]:
    """Give the leads of a filter, without one all, as CSV text: a page at a time, oldest first.

    No transaction stays open in between. zone: of the dates in the filter.
    """
    yield (BOM if with_bom else "") + as_csv([[*COLUMNS, *TIME_COLUMNS]])
    last_id = 0
    while leads := _page(last_id, wanted or PeopleFilter(), zone):
        last_id = leads[-1].id
        rows = [_cells(lead) for lead in leads]
        db.session.remove()
        yield as_csv(rows)


def count(wanted: PeopleFilter, zone: tzinfo) -> int:
    """Return how many leads the export of a filter has."""
    meant = select(func.count()).select_from(Lead).where(*conditions(wanted, zone))
    return db.session.scalars(meant).one()


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV text."""
    text = io.StringIO()
    # With both characters in the line's end, cells that hold either are quoted.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _page(after_id: int, wanted: PeopleFilter, zone: tzinfo) -> Sequence[Lead]:
    meant = select(Lead).where(Lead.id > after_id, *conditions(wanted, zone))
    return db.session.scalars(meant.order_by(Lead.id).limit(PAGE)).all()


def _cells(lead: Lead) -> list[str]:
    words = (lead.phone_number, lead.customer_name, lead.lead_status, lead.notes, written_tags(lead.tags))
    times = (_text(lead.first_contact_at), _text(lead.last_contact_at))
    return [*(defused(word or "") for word in words), *times]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
