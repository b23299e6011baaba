"""Take a person out of the journal of what WhatsApp sent. What a body says of others stays.

A body that speaks of nobody else is emptied, and can never be applied again.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, text

from kiaai.extensions import db
from kiaai.leads.erasing_traces import Traces
from kiaai.models import WebhookEvent
from kiaai.webhook.erased_ids import hash_of, ids_of_item
from kiaai.webhook.forgetting import ERASE_BODIES
from kiaai.webhook.parting import Parted, part

_BATCH = 500
# A look at every body of the journal: no index knows who is in them. It locks nothing.
_FIND = text("""
    SELECT id FROM webhook_events
    WHERE id > :after AND outcome <> 'erased'
        AND EXISTS (SELECT FROM unnest(CAST(:ids AS text[])) t(id)
            WHERE position(convert_to(t.id, 'UTF8') IN body) > 0 OR position(t.id IN error) > 0)
    ORDER BY id""")
_READ = text("SELECT id, body, error FROM webhook_events WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE")
_SHORTEN = text("UPDATE webhook_events SET body = :body, error = :error WHERE id = :id")
_KEEP_HASHES = text("""
    INSERT INTO erased_ids (hash, erasure_id)
    SELECT hash, :erasure_id FROM unnest(CAST(:hashes AS uuid[])) h(hash) ORDER BY hash
    ON CONFLICT DO NOTHING""")
_ORPHANS = text("DELETE FROM orphan_receipts WHERE wamid = ANY (:ids)")
_GONE = "An item of somebody who was erased is gone from here."


def newest_body() -> int:
    """Return the id of the newest body: what comes later has a higher one."""
    return db.session.scalar(select(func.max(WebhookEvent.id))) or 0


def forget_in_journal(traces: Traces, erasure_id: int, key: bytes, after: int) -> int:
    """Take the person out of all bodies with a higher id than `after`; return of how many that was."""
    if not traces.ids:
        return 0
    found = list(db.session.scalars(_FIND, {"ids": sorted(traces.ids), "after": after}))
    touched = 0
    for start in range(0, len(found), _BATCH):
        rows = db.session.execute(_READ, {"ids": found[start : start + _BATCH]}).all()
        touched += _forget_in(rows, traces, erasure_id, key)
    return touched


def _forget_in(rows: Sequence[Row[Any]], traces: Traces, erasure_id: int, key: bytes) -> int:
    parts = [(row, part(bytes(row.body), traces.are_in)) for row in rows]
    emptied = [row.id for row, parted in parts if not parted.body]
    shortened = [
        _values(row, parted, traces)
        for row, parted in parts
        if parted.body and _is_changed(row, parted, traces)
    ]
    db.session.execute(ERASE_BODIES, {"ids": emptied})
    if shortened:
        db.session.execute(_SHORTEN, shortened)
    ids = sorted({id for _, parted in parts for item in parted.gone for id in ids_of_item(item)})
    hashes = [str(hash_of(key, id)) for id in ids]
    db.session.execute(_KEEP_HASHES, {"hashes": hashes, "erasure_id": erasure_id})
    db.session.execute(_ORPHANS, {"ids": ids})
    return len(emptied) + len(shortened)


def _is_changed(row: Row[Any], parted: Parted, traces: Traces) -> bool:
    return parted.is_changed or any(id in (row.error or "") for id in traces.ids)


def _values(row: Row[Any], parted: Parted, traces: Traces) -> dict[str, Any]:
    """Return the row without the person. An error of the others stays; one that names the person does not."""
    gone = {id for item in parted.gone for id in ids_of_item(item)} | traces.ids
    names_them = any(id in (row.error or "") for id in gone)
    return {"id": row.id, "body": parted.body, "error": _GONE if names_them else row.error}
