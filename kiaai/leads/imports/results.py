"""What people read of an import that was done or taken back."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.leads.imports.wording import reason_of
from kiaai.models import Conversation, Import, ImportRow, Lead

SHOWN = 50


@dataclass(frozen=True)
class Line:
    """A line that is worth a look: one that was refused, or that an undo left as it is."""

    line: int
    reason: str | None
    cells: tuple[str, ...] = ()
    lead_id: int | None = None
    name: str = ""


def of(record: Import) -> dict[str, Any]:
    """Return the refused lines, what an undo did and left, and the conversation of a talk."""
    conversation = db.session.get(Conversation, record.conversation_id) if record.conversation_id else None
    refused = [Line(row.line, reason_of(row.reason), row.cells) for row in refused_rows(record.id, SHOWN)]
    has_undone = record.state in ("undoing", "undone")
    return {
        "refused": refused,
        "error": reason_of(record.error),
        "conversation": conversation,
        "undone": _undone(record.id) if has_undone else Counter(),
        "left": list(_left(record.id)) if has_undone else [],
    }


def refused_rows(import_id: int, limit: int | None = None, after_line: int = 0) -> Iterator[Line]:
    """Give the lines that were refused, in their order, those below a line."""
    rows = select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.outcome == "refused")
    rows = rows.where(ImportRow.line > after_line)
    for row in db.session.scalars(rows.order_by(ImportRow.line).limit(limit)):
        yield Line(row.line, row.reason, tuple(row.new.get("cells", ())))


def _undone(import_id: int) -> Counter[str]:
    what = ImportRow.new["undone"].astext
    rows = (
        select(what, func.count()).where(ImportRow.import_id == import_id, what.is_not(None)).group_by(what)
    )
    return Counter({row[0]: row[1] for row in db.session.execute(rows)})


def _left(import_id: int) -> Iterator[Line]:
    """Give the lines that an undo left as they are, with the person."""
    stayed = ImportRow.new["undone"].astext.in_(("kept", "partly"))
    rows = (
        select(ImportRow.line, ImportRow.reason, Lead)
        .join(Lead, Lead.id == ImportRow.lead_id)
        .where(ImportRow.import_id == import_id, stayed)
        .order_by(ImportRow.line)
        .limit(SHOWN)
    )
    for line, reason, lead in db.session.execute(rows):
        yield Line(line, reason_of(reason), (), lead.id, lead.display_name)
