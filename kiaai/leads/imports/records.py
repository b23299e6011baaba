"""The row of an import: from the file that was handed in to the moment it is started or given up."""

import io
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Interval, cast, func, select, text

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.imports.planning import WAYS, Plan
from kiaai.leads.table import NotATable, Table, read_table
from kiaai.models import Import
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text, one_line

LARGEST_BYTES = 20 * 1024 * 1024
MOST_LINES = 100_000
_SHOWN = 20
# PostgreSQL keeps the plans of its checks of foreign keys: one made while there are few leads reads all of
# them, for each of the thousands that come.
_PLAN_FOR_MANY = text("SET LOCAL enable_seqscan = off")
# A worker that is silent for so long has died; a batch takes a second at most.
LEASE = "15 seconds"


def keep_table(content: bytes, name: str, user_id: int | None, country: str = "") -> Import:
    """Keep a file of leads with the columns as they are guessed, to be looked at first. No commit.

    country: of numbers without `+`, until another is chosen. Raises ValidationFailed naming `file`.
    """
    check_size(content)
    try:
        table = read_table(lambda: io.BytesIO(content), clean_name(name))
    except NotATable as error:
        raise refused(error.reason) from None
    total = sum(1 for _ in table.lines())
    if total == 0:
        raise refused(lazy("The file has no lines below its header."))
    if total > MOST_LINES:
        raise refused(
            lazy("At most %(limit)s lines at once; this file has %(total)s.", limit=MOST_LINES, total=total)
        )
    options = {"columns": list(table.columns), "how": "fill", "tags": [], "country": country}
    return _kept("leads", table.name, content, options, total, user_id)


def table_of(record: Import) -> Table:
    """Return the file of an import, its columns as they were chosen."""
    content = record.content or b""
    table = read_table(lambda: io.BytesIO(content), record.file_name)
    return table.mapped(record.options.get("columns") or table.columns)


def plan_of(options: dict[str, Any]) -> Plan:
    """Return what was chosen for a file of leads."""
    how = options.get("how")
    return Plan(
        how=how if how in WAYS else "fill",
        tags=tuple(options.get("tags") or ()),
        country=str(options.get("country") or ""),
    )


def lock_import(import_id: int) -> Import | None:
    """Lock an import and read it again: it comes before all that it changes."""
    db.session.execute(_PLAN_FOR_MANY)
    locked = select(Import).where(Import.id == import_id).with_for_update(key_share=True)
    return db.session.scalars(locked.execution_options(populate_existing=True)).one_or_none()


def start(record: Import) -> bool:
    """Hand a preview to the worker; False when somebody has done so already. No commit."""
    locked = lock_import(record.id)
    if locked is None or locked.state != "preview":
        return False
    locked.state = "queued"
    return True


def start_undo(record: Import) -> bool:
    """Let the worker take an import back; False unless it has ended. No commit."""
    locked = lock_import(record.id)
    if locked is None or locked.state not in ("done", "failed"):
        return False
    locked.state, locked.done, locked.error, locked.lease_until = "undoing", 0, None, None
    return True


def discard(record: Import) -> bool:
    """Forget a preview. No commit."""
    locked = lock_import(record.id)
    if locked is None or locked.state != "preview":
        return False
    db.session.delete(locked)
    return True


def latest(limit: int = _SHOWN, before_id: int | None = None) -> Sequence[Import]:
    """Return the imports that people see, the newest first, from the top or below one of them."""
    newest = select(Import).order_by(Import.id.desc()).limit(limit)
    return db.session.scalars(newest.where(Import.id < before_id) if before_id else newest).all()


def go_on(record: Import, lines: int) -> None:
    """Note how far the import has come, and that its worker lives."""
    record.done += lines
    lease = select(func.clock_timestamp() + cast(LEASE, Interval))
    record.lease_until = db.session.scalars(lease).one()


def finish(record: Import, state: str, error: str | None = None) -> None:
    """End an import and let go of its file: what it said is in the rows now."""
    record.state, record.error, record.lease_until = state, error, None
    record.finished_at = db.session.scalars(select(func.clock_timestamp())).one()
    record.content = None


def check_size(content: bytes) -> None:
    if len(content) > LARGEST_BYTES:
        raise refused(too_large())
    if not content.strip():
        raise refused(lazy("The file is empty."))


def too_large() -> str:
    return lazy("The file is larger than %(limit)s MB.", limit=LARGEST_BYTES // 1024 // 1024)


def clean_name(name: str) -> str:
    return one_line(clean_text(name.replace("\\", "/").rpartition("/")[2]), 200) or "leads.csv"


def refused(reason: str) -> ValidationFailed:
    return ValidationFailed(lazy("The file was not read."), {"file": [reason]})


def _kept(
    kind: str, name: str, content: bytes, options: dict[str, Any], total: int, user_id: int | None
) -> Import:
    record = Import(
        kind=kind, file_name=name, content=content, options=options, total=total, user_id=user_id, counts={}
    )
    db.session.add(record)
    db.session.flush()
    return record


def keep_chat(content: bytes, name: str, options: dict[str, Any], total: int, user_id: int) -> Import:
    """Keep a talk exported from WhatsApp, to be looked at first. No commit."""
    return _kept("chat", name, content, options, total, user_id)
