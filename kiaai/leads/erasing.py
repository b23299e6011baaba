"""Forget a person on request: every word, file, number and name of theirs, wherever it is kept.

What stays are counts, times and directions of their messages, keyed hashes of their ids at WhatsApp, so that
what comes once more is not taken in again, and that somebody erased a person. Their rows go as well: whatever
was under way for them finds nothing. Who writes anew is somebody new.
"""

import logging
from typing import Any

from sqlalchemy import select, text

from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.hooks.housekeeping import forget_leads
from kiaai.leads.erasing_imports import forget_in_imports, require_no_new_import
from kiaai.leads.erasing_journal import forget_in_journal, newest_body
from kiaai.leads.erasing_traces import find_traces
from kiaai.leads.former import former_ids
from kiaai.leads.pipeline import Actor
from kiaai.leads.together import lock_whole
from kiaai.models import Conversation, Erasure, Lead
from kiaai.texts import lazy
from kiaai.webhook.erased_ids import hash_sql, hash_values

log = logging.getLogger(__name__)

_OF_THEIRS = "conversation_id = ANY (:conversations)"
_MESSAGES = f"SELECT id FROM messages WHERE {_OF_THEIRS}"
_TURNS = f"SELECT id FROM bot_turns WHERE {_OF_THEIRS}"
# What is told before it is done, and kept afterwards.
_COUNTS = {
    "conversations": "SELECT count(*) FROM conversations WHERE id = ANY (:conversations)",
    "messages": f"SELECT count(*) FROM messages WHERE {_OF_THEIRS}",
    "files": f"SELECT count(*) FROM attachments WHERE message_id IN ({_MESSAGES})",
    "notes": f"SELECT count(*) FROM notes WHERE {_OF_THEIRS}",
    "drafts": f"SELECT count(*) FROM drafts WHERE {_OF_THEIRS}",
    "bot_turns": f"SELECT count(*) FROM bot_turns WHERE {_OF_THEIRS}",
    "history": "SELECT count(*) FROM lead_events WHERE lead_id = :lead_id",
    "consents": "SELECT count(*) FROM consents WHERE lead_id = :lead_id",
}
_KEEP_COUNTS = text(f"""
    INSERT INTO erased_messages (erasure_id, direction, author, status, timestamp)
    SELECT :erasure_id, direction, author,
        CASE status WHEN 'queued' THEN 'cancelled' ELSE status END, timestamp
    FROM messages WHERE {_OF_THEIRS} ORDER BY timestamp, id""")
_KEEP_HASHES = text(f"""
    INSERT INTO erased_ids (hash, erasure_id)
    SELECT {hash_sql("ids.id")}, :erasure_id
    FROM messages m CROSS JOIN LATERAL (VALUES (m.message_id), (CAST(m.send_key AS text))) AS ids (id)
    WHERE m.{_OF_THEIRS} AND ids.id IS NOT NULL ON CONFLICT DO NOTHING""")
_FILES = text(f"SELECT id FROM attachments WHERE message_id IN ({_MESSAGES}) ORDER BY id")
_ORPHANS = text(f"""
    DELETE FROM orphan_receipts WHERE wamid IN (SELECT message_id FROM messages WHERE {_OF_THEIRS})
        OR send_key IN (SELECT send_key FROM messages WHERE {_OF_THEIRS})""")
# Asked more often than they can have asked it, it is of others too: then it stays, in the words compared.
_QUESTIONS = (
    text(f"""
        DELETE FROM questions WHERE turn_id IN ({_TURNS}) AND times <= greatest(1, (
            SELECT count(*) FROM bot_turns WHERE {_OF_THEIRS} AND decision IN ('fallback', 'hand_off')))"""),
    text(f"UPDATE questions SET text = words, turn_id = NULL WHERE turn_id IN ({_TURNS})"),
)
# From the leaves to the root: a row finds nothing any more that refers to it.
_DELETE = tuple(
    text(statement)
    for statement in (
        f"DELETE FROM drafts WHERE {_OF_THEIRS}",
        f"DELETE FROM notes WHERE {_OF_THEIRS}",
        f"DELETE FROM attachments WHERE message_id IN ({_MESSAGES})",
        "DELETE FROM consents WHERE lead_id = :lead_id",
        f"DELETE FROM bot_turns WHERE {_OF_THEIRS}",
        f"DELETE FROM messages WHERE {_OF_THEIRS}",
        "DELETE FROM lead_events WHERE lead_id = :lead_id",
        # Whoever was one with them for a while has their name in the line that says so.
        "UPDATE lead_events SET old = NULL, new = NULL, detail = '{}' WHERE kind IN ('merged', 'parted')"
        " AND lead_id IN (SELECT unnest(ARRAY[lead_id, other_id]) FROM merges"
        " WHERE lead_id = ANY (:lead_ids) OR other_id = ANY (:lead_ids))",
        "DELETE FROM merges WHERE lead_id = ANY (:lead_ids) OR other_id = ANY (:lead_ids)",
        "DELETE FROM lead_events WHERE kind = 'possible_duplicate' AND new = ANY (:lead_names)",
        "DELETE FROM conversations WHERE id = ANY (:conversations)",
        "DELETE FROM leads WHERE id = :lead_id",
    )
)


def count(lead: Lead) -> dict[str, int]:
    """Return how much of the person would go, by what it is."""
    return _counts(_values(lead.id, _conversations(lead.id)))


def erase(lead: Lead, actor: Actor, key: bytes) -> Erasure:
    """Forget the person; the caller commits, then calls `remove_files`.

    key: of the hashes, see `erased_ids.key_of`. Raises NotFound when somebody else was faster, and
    ValidationFailed naming `lead` while an import is at work that holds them.
    """
    lead_id, traces = lead.id, find_traces(lead)
    erasure = Erasure(lead_id=lead_id, by=_by(actor), user_id=actor.user_id, api_key_id=actor.api_key_id)
    db.session.add(erasure)
    db.session.flush()
    # The long part comes before the locks: what was journalled does not change any more.
    import_rows = forget_in_imports(lead_id, traces)
    seen = newest_body()
    bodies = forget_in_journal(traces, erasure.id, key, after=0)
    conversations = _lock(lead)
    values = {**_values(lead_id, conversations), "erasure_id": erasure.id}
    fresh = find_traces(lead)
    require_no_new_import(lead_id, fresh)
    bodies += forget_in_journal(fresh, erasure.id, key, after=seen if fresh.ids == traces.ids else 0)
    counts = _counts(values) | {"bodies": bodies, "import_rows": import_rows}
    erasure.files = list(db.session.scalars(_FILES, values))
    erasure.counts = counts
    _delete(values, key)
    db.session.expunge(lead)
    log.info("A person was erased: erasure %s, by %s %s", erasure.id, erasure.by, _who(actor))
    return erasure


def _lock(lead: Lead) -> list[int]:
    """Hold the person against everybody, and read them again. Returns the ids of the conversations."""
    try:
        talks = lock_whole([lead.id])
    except ValidationFailed:
        raise NotFound(lazy("Nobody is known by this number or id.")) from None
    db.session.refresh(lead)
    return [talk.id for talk in talks]


def _conversations(lead_id: int) -> list[int]:
    return list(db.session.scalars(select(Conversation.id).where(Conversation.lead_id == lead_id)))


def _values(lead_id: int, conversations: list[int]) -> dict[str, Any]:
    lead_ids = [lead_id, *former_ids(lead_id)]
    return {
        "lead_id": lead_id,
        "lead_ids": lead_ids,
        "lead_names": [str(id) for id in lead_ids],
        "conversations": conversations,
    }


def _counts(values: dict[str, Any]) -> dict[str, int]:
    return {name: db.session.scalar(text(sql), values) or 0 for name, sql in _COUNTS.items()}


def _delete(values: dict[str, Any], key: bytes) -> None:
    db.session.execute(_KEEP_COUNTS, values)
    db.session.execute(_KEEP_HASHES, values | hash_values(key))
    for statement in (_ORPHANS, *_QUESTIONS, *_DELETE):
        db.session.execute(statement, values)
    # Last: changes above may have been told.
    forget_leads(values["lead_ids"])


def _who(actor: Actor) -> int | str:
    return actor.user_id or actor.api_key_id or ""


def _by(actor: Actor) -> str:
    return actor.by if actor.by in ("user", "api") else "system"
