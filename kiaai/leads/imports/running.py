"""The worker's part of an import. Commits after each batch, with the place it has come to.

A batch and that place are one transaction under the lock of the import's row: a worker that dies leaves
nothing half done, and whoever goes on, two at once even, does no line twice.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from kiaai.extensions import db
from kiaai.leads.imports.cells import Refused, Row, read_line
from kiaai.leads.imports.chat_running import chat_batches, do_chat_batch, told_of
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.planning import Plan
from kiaai.leads.imports.records import LEASE, finish, go_on, lock_import, plan_of, table_of
from kiaai.leads.imports.saving import Origin, Outcome, batches, save
from kiaai.leads.imports.undoing import undo_batch
from kiaai.leads.table import NotATable
from kiaai.models import Import
from kiaai.texts import lazy
from kiaai.transactions import commit

log = logging.getLogger(__name__)

IsStopping = Callable[[], bool]
# Does one batch if the import still stands at this place; tells whether it did.
Step = Callable[[int], bool]
Steps = Callable[[int], Iterator[tuple[int, Step]]]
STOPPED = lazy("The database refused a line. The lines before it are in; undo takes them back.")

DUE = """state IN ('queued', 'running', 'undoing')
    AND (lease_until IS NULL OR lease_until <= clock_timestamp())"""
# A preview that nobody started is forgotten, with its file.
HOUSEKEEPING = (
    "DELETE FROM imports WHERE state = 'preview' AND created_at < clock_timestamp() - interval '1 day'",
)
_TAKE = text(f"""
    UPDATE imports SET lease_until = clock_timestamp() + interval '{LEASE}',
        state = CASE state WHEN 'queued' THEN 'running' ELSE state END
    WHERE id = :id AND {DUE} RETURNING state""")
_LET_GO = text("UPDATE imports SET lease_until = NULL WHERE id = :id")
_KEEP_ROWS = text("""
    INSERT INTO import_rows (import_id, line, outcome, reason, lead_id, old, new)
    SELECT :import_id, line, outcome, reason, lead_id, old, new
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS done (line bigint, outcome text, reason text,
        lead_id bigint, "old" jsonb, "new" jsonb)""")


def run(import_id: int, is_stopping: IsStopping = lambda: False) -> None:
    """Do an import, or its undo, from where it stands to its end, or until the worker stops."""
    state = commit(lambda: db.session.scalars(_TAKE, {"id": import_id}).one_or_none())
    if state is None:
        return
    try:
        has_ended = _undo(import_id, is_stopping) if state == "undoing" else _do(import_id, is_stopping)
        if not has_ended:
            commit(lambda: db.session.execute(_LET_GO, {"id": import_id}))
    except (DataError, IntegrityError, ProgrammingError, NotATable):
        log.exception("Import %s was stopped", import_id)
        commit(lambda: _fail(import_id))


def _do(import_id: int, is_stopping: IsStopping) -> bool:
    """Do what is left; tell whether that was all. The file is read between transactions."""
    record = db.session.get_one(Import, import_id)
    steps, done = _chat_steps(record) if record.kind == "chat" else _lead_steps(record), record.done
    db.session.remove()
    for size, step in steps(done):
        if is_stopping():
            return False
        if not commit(partial(step, done), "import_"):
            return True
        done += size
    commit(lambda: _finish(import_id, "done"))
    return True


def _lead_steps(record: Import) -> Steps:
    table, plan = table_of(record), plan_of(record.options)
    origin = Origin(record.file_name, record.id, record.user_id)

    def steps(done: int) -> Iterator[tuple[int, Step]]:
        rows = islice((read_line(line, plan.country) for line in table.lines()), done, None)
        for batch in batches(rows):
            yield len(batch), partial(_do_batch, plan, origin, batch)

    return steps


def _chat_steps(record: Import) -> Steps:
    told, import_id = told_of(record), record.id

    def steps(done: int) -> Iterator[tuple[int, Step]]:
        for batch in chat_batches(told, done):
            yield len(batch), partial(do_chat_batch, import_id, batch)

    return steps


def _do_batch(plan: Plan, origin: Origin, batch: Sequence[Row | Refused], done: int) -> bool:
    """Do one batch, unless another worker has; tell whether it was ours to do."""
    record = lock_import(origin.import_id or 0)
    if record is None or record.state != "running" or record.done != done:
        return False
    counts = Counts.from_json(record.counts)
    outcomes = save([row for row in batch if isinstance(row, Row)], plan, origin)
    refused = [row for row in batch if isinstance(row, Refused)]
    for outcome in [*(outcome.outcome for outcome in outcomes), *("refused" for _ in refused)]:
        counts.add(outcome)
    _keep_rows(record.id, outcomes, refused)
    record.counts = counts.as_json()
    go_on(record, len(batch))
    return True


def _keep_rows(import_id: int, outcomes: Sequence[Outcome], refused: Sequence[Refused]) -> None:
    rows = [
        {"line": o.line, "outcome": o.outcome, "lead_id": o.lead_id, "old": o.old, "new": o.new}
        for o in outcomes
    ]
    left_out = [
        {"line": r.line, "outcome": "refused", "reason": str(r.reason), "old": {}, "new": {"cells": r.cells}}
        for r in refused
    ]
    cleaned = json.dumps([*rows, *left_out]).replace("\\u0000", "\\ufffd")
    db.session.execute(_KEEP_ROWS, {"import_id": import_id, "rows": cleaned})


def _undo(import_id: int, is_stopping: IsStopping) -> bool:
    while not is_stopping():
        if not commit(lambda: undo_batch(import_id), "import_undo_"):
            commit(lambda: _finish(import_id, "undone"))
            return True
    return False


def _finish(import_id: int, state: str) -> None:
    record = lock_import(import_id)
    if record is not None and record.state in ("running", "undoing"):
        finish(record, state)


def _fail(import_id: int) -> None:
    record = lock_import(import_id)
    if record is not None:
        finish(record, "failed", str(STOPPED))
