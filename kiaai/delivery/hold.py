"""The hold: after a restored backup or a long stop, old messages do not leave by surprise."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from kiaai.delivery.ownership import lock
from kiaai.delivery.showing import show_newest
from kiaai.extensions import db
from kiaai.models import Installation
from kiaai.texts import lazy
from kiaai.whatsapp.previews import preview_of

# What was queued so long ago may no longer be what the customer should read.
OLD = "1 hour"
# Why a start holds.
STOPPED = lazy("Messages over an hour old wait to be sent, and the program was stopped for over an hour.")
RESTORED = lazy("Messages over an hour old wait to be sent, and the database was restored.")
COUNTED = 1000

_HELD_ROWS = (
    "FROM messages m JOIN installation i ON i.held_at IS NOT NULL"
    " WHERE m.status = 'queued' AND m.created_at <= i.held_at"
)
_HELD_MESSAGES = text(f"""
    SELECT held.*, l.customer_name, l.phone_number FROM (
        SELECT m.id, m.conversation_id, m.author, m.kind, m.payload, m.text, m.created_at {_HELD_ROWS}
        ORDER BY m.created_at, m.id LIMIT :limit) AS held
    JOIN conversations c ON c.id = held.conversation_id JOIN leads l ON l.id = c.lead_id
    ORDER BY held.created_at, held.id
""")
# First in every transaction that ends the hold: two people may decide at once.
_LOCK = text("SELECT 1 FROM installation FOR UPDATE")
_REFRESH = text("""
    UPDATE conversations c SET version = version + 1, talk_due_at = coalesce(talk_due_at, CASE WHEN EXISTS (
            SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.status = 'queued'
              AND m.lane = 'talk') THEN clock_timestamp() END),
        campaign_due_at = coalesce(campaign_due_at, CASE WHEN EXISTS (
            SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.status = 'queued'
              AND m.lane = 'campaign') THEN clock_timestamp() END)
    WHERE c.id IN (SELECT id FROM conversations WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE)
""")


@dataclass(frozen=True)
class Held:
    """Delivery is held: since when, why, how many messages wait (up to 1,000), and since when the oldest."""

    held_at: datetime
    reason: str
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class HeldMessage:
    """One message that waits, with whom it is for."""

    id: int
    conversation_id: int
    author: str
    preview: str
    customer_name: str | None
    phone_number: str | None
    created_at: datetime


def held() -> Held | None:
    """Return the hold, or None when delivery runs."""
    row = db.session.get(Installation, 1)
    if row is None or row.held_at is None:
        return None
    count, oldest_at = db.session.execute(
        text(
            "SELECT count(*), min(created_at) FROM"
            f" (SELECT m.created_at {_HELD_ROWS} ORDER BY m.created_at LIMIT {COUNTED}) AS waiting"
        )
    ).one()
    return Held(row.held_at, _reason_of(row), count, oldest_at)


def _reason_of(row: Installation) -> str:
    """Return the reason, in any language where it is ours; what a person gave as reason stays as it is."""
    ours = (reason for reason in (STOPPED, RESTORED) if reason == row.held_reason)
    return next(ours, row.held_reason or "")


def held_messages(limit: int) -> list[HeldMessage]:
    """Return what is held, the oldest first."""
    rows = db.session.execute(_HELD_MESSAGES, {"limit": limit})
    return [
        HeldMessage(
            row.id,
            row.conversation_id,
            row.author,
            preview_of(row.kind, row.payload, row.text),
            row.customer_name,
            row.phone_number,
            row.created_at,
        )
        for row in rows
    ]


def hold(reason: str) -> None:
    """Keep everything queued until now where it is. What is queued later goes as usual."""
    _require_row()
    db.session.execute(
        text("UPDATE installation SET held_at = clock_timestamp(), held_reason = :reason"), {"reason": reason}
    )


def release() -> int:
    """Let what was held go, and return how many messages that is."""
    db.session.execute(_LOCK)
    ids, count = _held_conversations()
    db.session.execute(text("UPDATE installation SET held_at = NULL, held_reason = NULL"))
    db.session.execute(_REFRESH, {"ids": ids})
    return count


def cancel_held() -> int:
    """Cancel what was held, and return how many messages that is."""
    db.session.execute(_LOCK)
    ids, count = _held_conversations()
    db.session.execute(
        text("SELECT 1 FROM conversations WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE"), {"ids": ids}
    )
    db.session.execute(
        text(
            "UPDATE messages SET status = 'cancelled', cancelled_at = clock_timestamp()"
            f" WHERE id IN (SELECT m.id {_HELD_ROWS})"
        )
    )
    for conversation_id in ids:
        show_newest(lock(conversation_id))
    release()
    return count


def check_at_start(instance_path: Path) -> bool:
    """Hold delivery when old messages wait and this looks like a restored backup or a long stop.

    Commits. Return whether delivery is held. The random id in the instance folder tells whether the
    database and the folder belong together.
    """
    _require_row()
    row = db.session.execute(
        text(f"""
            SELECT installation_id, held_at,
                last_seen_at < clock_timestamp() - interval '{OLD}' AS was_away,
                EXISTS (SELECT 1 FROM messages WHERE status = 'queued'
                    AND created_at < clock_timestamp() - interval '{OLD}') AS has_old
            FROM installation FOR UPDATE
        """)
    ).one()
    kept = _kept_id(instance_path)
    if row.held_at is None and row.has_old and (row.was_away or kept != row.installation_id):
        hold(STOPPED if row.was_away else RESTORED)
    _keep_id(instance_path, row.installation_id)
    db.session.execute(text("UPDATE installation SET last_seen_at = clock_timestamp()"))
    is_held = bool(db.session.execute(text("SELECT held_at IS NOT NULL FROM installation")).scalar())
    db.session.commit()
    return is_held


def _require_row() -> None:
    db.session.execute(
        text("INSERT INTO installation (id, installation_id) VALUES (1, :new) ON CONFLICT DO NOTHING"),
        {"new": uuid4()},
    )


def _held_conversations() -> tuple[list[int], int]:
    rows = db.session.execute(text(f"SELECT m.conversation_id {_HELD_ROWS}")).scalars().all()
    return sorted(set(rows)), len(rows)


def _kept_id(instance_path: Path) -> UUID | None:
    """Return the id that the folder keeps; a new folder knows none."""
    try:
        return UUID((instance_path / "installation_id").read_text().strip())
    except (FileNotFoundError, ValueError):
        return None


def _keep_id(instance_path: Path, installation_id: UUID) -> None:
    instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    (instance_path / "installation_id").write_text(str(installation_id))
