"""What became of leads and conversations that went into others: where their ids lead now."""

from sqlalchemy import text

from kiaai.extensions import db

# Of a merge of merges only the last lead stays, and every one of them names it.
_KEPT = text("SELECT lead_id FROM merges WHERE other_id = :id AND undone_at IS NULL ORDER BY id DESC LIMIT 1")
_FORMER = text("SELECT other_id FROM merges WHERE lead_id = :id AND undone_at IS NULL ORDER BY id")
# Merges are few, and this is asked only about what is not there.
_FOLDED_INTO = text("""
    SELECT CAST(folded ->> CAST(:id AS text) AS bigint) FROM merges
    WHERE folded ? CAST(:id AS text) AND undone_at IS NULL ORDER BY id DESC LIMIT 1""")
_FOLDED = text("""
    WITH RECURSIVE went(id) AS (
        SELECT CAST(:id AS bigint)
        UNION SELECT CAST(f.key AS bigint) FROM went, merges m, jsonb_each_text(m.folded) f
        WHERE m.undone_at IS NULL AND f.value = CAST(went.id AS text))
    SELECT id FROM went WHERE id <> :id""")
_LONGEST_CHAIN = 100


def kept_lead_id(lead_id: int) -> int | None:
    """Return the lead that this one was merged into; None when it was not."""
    kept: int | None = db.session.scalar(_KEPT, {"id": lead_id})
    return kept


def former_ids(lead_id: int) -> list[int]:
    """Return the ids of all leads that were merged into this one, the first merged first."""
    return list(db.session.scalars(_FORMER, {"id": lead_id}))


def kept_conversation_id(conversation_id: int) -> int | None:
    """Return the conversation that this one went into at last; None when it did not go anywhere."""
    found = None
    for _ in range(_LONGEST_CHAIN):
        following = db.session.scalar(_FOLDED_INTO, {"id": found or conversation_id})
        if following is None:
            break
        found = following
    return found


def former_conversation_ids(conversation_id: int) -> list[int]:
    """Return the ids of all conversations that have gone into this one."""
    return list(db.session.scalars(_FOLDED, {"id": conversation_id}))
