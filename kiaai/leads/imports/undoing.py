"""Take an import back: what it made and nobody has used since goes, what it changed is as it was before."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.leads.imports.chat_undoing import remove_messages
from kiaai.leads.imports.planning import Facts
from kiaai.leads.imports.records import go_on, lock_import
from kiaai.leads.imports.saving import BATCH, change_leads, events_of, lock_leads, tell
from kiaai.leads.together import lock_against_references, lock_identities
from kiaai.models import Import, ImportRow
from kiaai.texts import Text, lazy

TALKED = lazy("Kept: there is a conversation with this person.")
EDITED = lazy("Kept: somebody has changed this person since.")
CHANGED_SINCE = lazy("Left as it is: somebody has changed it since.")
KEPT_REASONS: dict[str, Text] = {str(reason): reason for reason in (TALKED, EDITED, CHANGED_SINCE)}

# By line: what became of it (`deleted`, `restored`, `partly`, `kept`, `gone`), and why it stayed.
Marks = dict[int, dict[str, str | None]]

_TALKED = text("""
    SELECT l.id FROM leads l WHERE l.id = ANY (:ids) AND EXISTS (
        SELECT FROM conversations c WHERE c.lead_id = l.id AND (
            EXISTS (SELECT FROM messages m WHERE m.conversation_id = c.id)
            OR EXISTS (SELECT FROM notes n WHERE n.conversation_id = c.id)))""")
_EDITED = text("""
    SELECT DISTINCT lead_id FROM lead_events WHERE lead_id = ANY (:ids) AND kind <> 'created'
        AND (by <> 'import' OR detail ->> 'import_id' IS DISTINCT FROM :import_id)""")
_LOCK_TALKS = text("SELECT 1 FROM conversations WHERE lead_id = ANY (:ids) ORDER BY id FOR UPDATE")
_DELETE = text("DELETE FROM leads WHERE id = ANY (:ids)")
_MARK = text("""
    UPDATE import_rows r SET reason = done.reason,
        new = r.new || jsonb_build_object('undone', done.undone)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS done (line bigint, reason text, undone text)
    WHERE r.import_id = :id AND r.line = done.line""")


def undo_batch(import_id: int) -> int:
    """Take back the next lines; return how many, 0 when none is left. No commit."""
    record = lock_import(import_id)
    if record is None or record.state != "undoing":
        return 0
    rows = _next_rows(import_id)
    if not rows:
        return 0
    leads = [row for row in rows if row.lead_id is not None and row.message_id is None]
    # Before the conversations, which taking messages out locks.
    facts = _lock(leads)
    marks = _undo_messages(rows) if record.kind == "chat" else {}
    marks |= _undo_leads(record, leads, facts)
    told = [{"line": row.line, "undone": "gone", "reason": None} | marks.get(row.line, {}) for row in rows]
    db.session.execute(_MARK, {"id": import_id, "rows": json.dumps(told)})
    go_on(record, len(rows))
    return len(rows)


def _next_rows(import_id: int) -> Sequence[ImportRow]:
    """Return the rows that are not taken back yet. The last first: it may be about the person of another."""
    has_effect = ImportRow.outcome.in_(("created", "changed")) & ~ImportRow.new.has_key("undone")
    rows = select(ImportRow).where(ImportRow.import_id == import_id, has_effect)
    return db.session.scalars(rows.order_by(ImportRow.line.desc()).limit(BATCH)).all()


def _lock(rows: Sequence[ImportRow]) -> dict[int, Facts]:
    """Lock the people of these rows; return what stands in each now."""
    lock_identities([row.lead_id for row in rows if row.lead_id is not None and row.outcome == "created"])
    return lock_leads(row.lead_id for row in rows if row.lead_id is not None)


def _undo_messages(rows: Sequence[ImportRow]) -> Marks:
    messages = [row.message_id for row in rows if row.message_id is not None]
    remove_messages(messages)
    return {row.line: {"undone": "deleted"} for row in rows if row.message_id is not None}


def _undo_leads(record: Import, rows: Sequence[ImportRow], facts: dict[int, Facts]) -> Marks:
    here = [(row, row.lead_id) for row in rows if row.lead_id in facts]
    restored = _restore(record, [(row, lead_id) for row, lead_id in here if row.outcome == "changed"], facts)
    return restored | _delete(record, [(row, lead_id) for row, lead_id in here if row.outcome == "created"])


def _restore(record: Import, rows: Sequence[tuple[ImportRow, int]], facts: dict[int, Facts]) -> Marks:
    """Give each field its former value, but for those that somebody has changed since."""
    marks: Marks = {}
    final: dict[int, Facts] = {}
    events: list[dict[str, Any]] = []
    for row, lead_id in rows:
        now = final.get(lead_id, facts[lead_id])
        back = {name: row.old[name] for name, value in row.new.items() if now[name] == value}
        if back:
            events += events_of(lead_id, now, back)
            final[lead_id] = now | back
        is_whole = len(back) == len(row.new)
        reason = None if is_whole else str(CHANGED_SINCE)
        marks[row.line] = {"undone": "restored" if is_whole else "partly", "reason": reason}
    change_leads(final)
    tell(events, record.user_id, {"import_id": record.id, "undo": True})
    return marks


def _delete(record: Import, rows: Sequence[tuple[ImportRow, int]]) -> Marks:
    """Delete the leads that nobody has talked to or worked on."""
    ids = [lead_id for _, lead_id in rows]
    # Whoever is to go is held against all who would write to them: what comes first counts.
    db.session.execute(_LOCK_TALKS, {"ids": ids})
    lock_against_references(ids)
    talked = set(db.session.scalars(_TALKED, {"ids": ids}))
    edited = set(db.session.scalars(_EDITED, {"ids": ids, "import_id": str(record.id)}))
    marks: Marks = {}
    for row, lead_id in rows:
        reason = TALKED if lead_id in talked else EDITED if lead_id in edited else None
        marks[row.line] = {"undone": "kept" if reason else "deleted", "reason": reason and str(reason)}
    db.session.execute(_DELETE, {"ids": [id_ for id_ in ids if id_ not in talked and id_ not in edited]})
    return marks
