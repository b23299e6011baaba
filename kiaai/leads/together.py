"""What a merge and its undo share: the locks, the moment at which neither may be, and rows as they stand."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text

from kiaai.bot.unheard import is_consent_unread
from kiaai.extensions import db
from kiaai.leads.merging_rules import refused
from kiaai.models import Base, Conversation
from kiaai.models.base import Json
from kiaai.texts import lazy

GONE = lazy("One of the two is no longer there.")
_SAME = lazy("This is one and the same person.")
_BUSY = lazy("A message is just going out. Try again in a moment.")
_UNREAD_STOP = lazy("They have just written about getting messages. Try again in a moment.")

# A talk that is being brought in holds its import before it comes to the lead.
_LOCK_IMPORTS = text("""
    SELECT 1 FROM imports WHERE conversation_id IN (SELECT id FROM conversations WHERE lead_id = ANY (:ids))
    ORDER BY id FOR NO KEY UPDATE""")
_LOCK_IDENTITIES = text("""
    SELECT 1 FROM lead_identities WHERE lead_id = ANY (:ids) ORDER BY kind, value FOR UPDATE""")
_LOCK_LEADS = text("SELECT id FROM leads WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE")
# Against what refers to them too, and only with their conversations in hand: whoever changes a conversation
# twice in one transaction makes PostgreSQL look at its lead again, and would wait for us as we for them.
_LOCK_WHOLE_LEADS = text("SELECT id FROM leads WHERE id = ANY (:ids) ORDER BY id FOR UPDATE")
_IS_BUSY = text("""
    SELECT EXISTS (SELECT FROM messages WHERE conversation_id = ANY (:ids) AND status = 'sending')
        OR EXISTS (SELECT FROM conversations WHERE id = ANY (:ids) AND lease_until > clock_timestamp()
            AND lease_token IS NOT NULL)""")


def lock_both(keep_id: int, other_id: int) -> list[Conversation]:
    """Hold two leads as `lock_whole` does. Raises ValidationFailed, also when they are one."""
    if keep_id == other_id:
        raise refused(_SAME)
    return lock_whole([keep_id, other_id])


def lock_whole(lead_ids: list[int]) -> list[Conversation]:
    """Hold leads, their identities and their conversations, and return those. Raises ValidationFailed.

    Nothing new can be written of these leads until the transaction ends.
    """
    _lock(lead_ids)
    lock_against_references(lead_ids)
    # Once more: one may have been made while we waited.
    return _lock_talks(lead_ids)


def lock_identities(lead_ids: Sequence[int]) -> None:
    """Hold the identities of leads: they come before the leads themselves."""
    db.session.execute(_LOCK_IDENTITIES, {"ids": list(lead_ids)})


def lock_against_references(lead_ids: Sequence[int]) -> None:
    """Hold leads so that nothing new refers to them. Needs the locks of their conversations."""
    db.session.execute(_LOCK_WHOLE_LEADS, {"ids": list(lead_ids)})


def lock_one(lead_id: int) -> list[Conversation]:
    """Hold a lead, its identities and its conversations, and return those. Raises ValidationFailed."""
    return _lock([lead_id])


def _lock(lead_ids: list[int]) -> list[Conversation]:
    db.session.execute(_LOCK_IMPORTS, {"ids": lead_ids})
    lock_identities(lead_ids)
    if len(db.session.execute(_LOCK_LEADS, {"ids": lead_ids}).all()) < len(lead_ids):
        raise refused(GONE)
    return _lock_talks(lead_ids)


def _lock_talks(lead_ids: list[int]) -> list[Conversation]:
    talks = select(Conversation).where(Conversation.lead_id.in_(lead_ids)).order_by(Conversation.id)
    locked = talks.with_for_update(of=Conversation).execution_options(populate_existing=True)
    return list(db.session.scalars(locked))


def require_quiet(conversation_ids: Sequence[int]) -> None:
    """Raise ValidationFailed while a message of these is on its way: its answer must find it where it was."""
    if db.session.scalar(_IS_BUSY, {"ids": list(conversation_ids)}):
        raise refused(_BUSY)


def require_stops_read(talks: Sequence[Conversation]) -> None:
    """Raise ValidationFailed while a stop waits for the bot's turn, which looks where it was written."""
    if any(talk.bot_due_at and is_consent_unread(talk.id) for talk in talks):
        raise refused(_UNREAD_STOP)


def snapshot(table: str, row_id: int) -> Json:
    """Return a row as it stands. table: a name of ours, never one from outside."""
    found: Json = db.session.execute(
        text(f"SELECT to_jsonb(r) FROM {table} r WHERE id = :id"), {"id": row_id}
    ).scalar_one()
    return found


def write_rows(table: str, rows: Sequence[Json]) -> None:
    """Write rows that were kept by `snapshot`; one that is there stays as it is.

    Columns that came later get their defaults.
    """
    known = Base.metadata.tables[table].columns.keys()
    for row in rows:
        names = ", ".join(f'"{name}"' for name in known if name in row)
        db.session.execute(
            text(
                f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names}"
                f" FROM jsonb_populate_record(NULL::{table}, CAST(:row AS jsonb)) ON CONFLICT DO NOTHING"
            ),
            {"row": json.dumps(row)},
        )


def put_back(table: str, row_id: int, values: dict[str, Any]) -> None:
    """Give a row the values that `snapshot` kept."""
    known = Base.metadata.tables[table].columns.keys()
    names = [name for name in known if name in values]
    if names:
        assigned = ", ".join(f'"{name}" = kept."{name}"' for name in names)
        db.session.execute(
            text(
                f"UPDATE {table} t SET {assigned}"
                f" FROM jsonb_populate_record(NULL::{table}, CAST(:row AS jsonb)) kept WHERE t.id = :id"
            ),
            {"row": json.dumps(values), "id": row_id},
        )
