"""Statuses of our messages: applied by rank, and kept when their message is not known yet."""

import json
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import text

from kiaai.extensions import db
from kiaai.models.message import STATUS_RANK
from kiaai.transactions import commit

RANKS = "ARRAY[" + ", ".join(f"'{status}'" for status in STATUS_RANK) + "]"

_COLUMNS = """r(channel_id bigint, wamid text, send_key uuid, status text,
    sent_at timestamptz, delivered_at timestamptz, read_at timestamptz, played_at timestamptz,
    failed_at timestamptz, error_code bigint, error_text text, pricing jsonb)"""


def rank(column: str) -> str:
    """Return SQL for the rank of a status. A cancelled message that was sent after all climbs from 0."""
    return f"coalesce(array_position({RANKS}, {column}), 0)"


# Statuses climb and never fall; times and errors are kept whatever the order of arrival. A status that
# echoes our send key settles a row that knows no wamid yet, on its own channel only.
# The messages' conversations must be locked.
APPLY = f"""
    WITH asked AS (SELECT * FROM jsonb_to_recordset(CAST(:receipts AS jsonb)) AS {_COLUMNS}),
    matched AS (
        SELECT DISTINCT ON (m.id) m.id, m.conversation_id, m.status AS former, a.*
        FROM asked a
        JOIN LATERAL (
            SELECT * FROM messages WHERE message_id = a.wamid
            UNION ALL
            SELECT * FROM messages WHERE send_key = a.send_key AND message_id IS NULL
              AND NOT EXISTS (SELECT 1 FROM messages WHERE message_id = a.wamid)
        ) m ON m.direction = 'outgoing'
        -- OFFSET 0: a look-up by key each, whatever the planner thinks of the table's size.
        CROSS JOIN LATERAL (SELECT FROM conversations
            WHERE id = m.conversation_id AND channel_id = a.channel_id OFFSET 0) c
        ORDER BY m.id
    ),
    updated AS (
        UPDATE messages m SET
            status = CASE WHEN {rank("x.status")} > {rank("m.status")} THEN x.status ELSE m.status END,
            message_id = coalesce(m.message_id, x.wamid),
            sent_at = coalesce(m.sent_at, x.sent_at),
            delivered_at = coalesce(m.delivered_at, x.delivered_at),
            read_at = coalesce(m.read_at, x.read_at),
            played_at = coalesce(m.played_at, x.played_at),
            failed_at = coalesce(m.failed_at, x.failed_at),
            error_code = coalesce(x.error_code, m.error_code),
            error_text = coalesce(x.error_text, m.error_text),
            payload = CASE WHEN x.pricing IS NULL THEN m.payload
                           ELSE m.payload || jsonb_build_object('pricing', x.pricing) END
        FROM matched x
        WHERE m.id = x.id AND m.id = ANY (ARRAY(SELECT id FROM matched)) AND (
            {rank("x.status")} > {rank("m.status")} OR m.message_id IS NULL
            OR (m.sent_at IS NULL AND x.sent_at IS NOT NULL)
            OR (m.delivered_at IS NULL AND x.delivered_at IS NOT NULL)
            OR (m.read_at IS NULL AND x.read_at IS NOT NULL)
            OR (m.played_at IS NULL AND x.played_at IS NOT NULL)
            OR (m.failed_at IS NULL AND x.failed_at IS NOT NULL))
        RETURNING m.conversation_id,
            m.status = 'failed' AND x.former <> 'failed' AND m.author = 'user' AS is_failure_of_person
    ),
    failed AS MATERIALIZED (
        SELECT conversation_id, bool_or(is_failure_of_person) AS is_failure FROM updated GROUP BY 1
    ),
    shown AS (
        -- What a person wrote and did not arrive needs a person: the conversation counts as unread.
        UPDATE conversations c SET
            version = c.version + 1,
            unread_count = CASE WHEN u.is_failure THEN greatest(c.unread_count, 1) ELSE c.unread_count END
        FROM failed u
        WHERE c.id = u.conversation_id AND c.id = ANY (ARRAY(SELECT conversation_id FROM failed))
    ),
    orphans AS (
        INSERT INTO orphan_receipts
            (channel_id, wamid, send_key, status, timestamp, error_code, error_text, pricing,
             webhook_event_id, next_try_at)
        SELECT a.channel_id, a.wamid, a.send_key, s.status, s.at,
            CASE WHEN s.status = 'failed' THEN a.error_code END,
            CASE WHEN s.status = 'failed' THEN a.error_text END,
            a.pricing, :event_id, clock_timestamp() + interval '5 s'
        FROM asked a
        CROSS JOIN LATERAL (VALUES ('sent', a.sent_at), ('delivered', a.delivered_at), ('read', a.read_at),
            ('played', a.played_at), ('failed', a.failed_at)) AS s(status, at)
        WHERE s.at IS NOT NULL AND :keep_orphans
          AND NOT EXISTS (SELECT 1 FROM matched x WHERE x.wamid = a.wamid AND x.channel_id = a.channel_id)
        ON CONFLICT (wamid, status) DO NOTHING
    )
    SELECT wamid FROM matched"""

_ORPHANS_OF = text("""
    SELECT o.channel_id, o.wamid, o.send_key, o.status, o.timestamp, o.error_code, o.error_text, o.pricing
    FROM orphan_receipts o
    WHERE o.channel_id = :channel_id AND (o.wamid = :wamid OR o.send_key = CAST(:send_key AS uuid))
""")
_JOINED = text("DELETE FROM orphan_receipts WHERE channel_id = :channel_id AND wamid = ANY(:wamids)")
_KNOWN_AGAIN = text("""
    SELECT o.id, o.channel_id, o.wamid, o.send_key, m.conversation_id
    FROM orphan_receipts o
    LEFT JOIN LATERAL (
        SELECT m.conversation_id FROM messages m JOIN conversations c ON c.id = m.conversation_id
        WHERE m.direction = 'outgoing' AND c.channel_id = o.channel_id
          AND (m.message_id = o.wamid OR (m.send_key = o.send_key AND m.message_id IS NULL))
        LIMIT 1
    ) m ON true
    WHERE o.next_try_at <= clock_timestamp() ORDER BY o.next_try_at LIMIT 200
""")
# 5 s doubling to an hour, for a day; then the row is only kept and counted.
_TRY_LATER = text("""
    UPDATE orphan_receipts SET tries = tries + 1,
        next_try_at = CASE WHEN received_at < clock_timestamp() - interval '1 day' THEN NULL
            ELSE clock_timestamp() + least(interval '1 hour', interval '5 s' * power(2, least(tries, 12))) END
    WHERE id IN (SELECT id FROM orphan_receipts WHERE id = ANY(:ids) ORDER BY id FOR UPDATE SKIP LOCKED)
""")


def join_orphans(channel_id: int, wamid: str | None, send_key: str | None) -> None:
    """Apply the receipts that came before their message was known. The conversation must be locked."""
    values = {"channel_id": channel_id, "wamid": wamid, "send_key": send_key}
    rows = [_as_receipt(row) for row in db.session.execute(_ORPHANS_OF, values).mappings()]
    if not rows:
        return
    db.session.flush()
    # One at a time, as one statement must not change a message twice.
    joined = [row["wamid"] for row in rows if _apply_one(row)]
    db.session.execute(_JOINED, {"channel_id": channel_id, "wamids": joined})


def _apply_one(receipt: dict[str, Any]) -> bool:
    values = {"receipts": json.dumps([receipt]), "event_id": None, "keep_orphans": False}
    return db.session.execute(text(APPLY), values).first() is not None


def join_due_orphans() -> None:
    """Apply due receipts whose message is known by now. Commits.

    All are put off first: those that are joined go away, and one that never can be keeps nobody waiting.
    """
    rows = db.session.execute(_KNOWN_AGAIN).all()
    db.session.execute(_TRY_LATER, {"ids": [row.id for row in rows]})
    db.session.commit()
    for row in rows:
        if row.conversation_id is not None:
            send_key = str(row.send_key) if row.send_key else None
            commit(partial(_join_in, row.conversation_id, row.channel_id, row.wamid, send_key))


def _join_in(conversation_id: int, channel_id: int, wamid: str, send_key: str | None) -> None:
    db.session.execute(
        text("SELECT 1 FROM conversations WHERE id = :id FOR NO KEY UPDATE"), {"id": conversation_id}
    )
    join_orphans(channel_id, wamid, send_key)


def _as_receipt(row: Any) -> dict[str, Any]:
    return {
        "channel_id": row["channel_id"],
        "wamid": row["wamid"],
        "send_key": str(row["send_key"]) if row["send_key"] else None,
        "status": row["status"],
        f"{row['status']}_at": _iso(row["timestamp"]),
        "error_code": row["error_code"],
        "error_text": row["error_text"],
        "pricing": row["pricing"],
    }


def _iso(at: datetime) -> str:
    return at.isoformat()
