"""Make one lead of two, so that it can be undone: all that one has goes to the other, and nothing else.

Takes its own locks: identities, leads, conversations and messages, in the order all keep. No commit.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text

from kiaai import clock
from kiaai.extensions import db
from kiaai.leads.former import former_ids as former_ids
from kiaai.leads.merging_rules import FIELDS, merged, refused
from kiaai.leads.merging_talks import find_recipients, merge_talks
from kiaai.leads.parting import Undone as Undone
from kiaai.leads.parting import undo as undo
from kiaai.leads.pipeline import Actor, record
from kiaai.leads.together import GONE, lock_both, require_quiet, require_stops_read, snapshot
from kiaai.models import Lead, Merge
from kiaai.models.base import Json

# What the other lead has besides conversations, and what it takes to give it back: table by table.
_MOVES = {
    "identities": "UPDATE lead_identities SET lead_id = :keep WHERE lead_id = :other RETURNING kind, value",
    "events": "UPDATE lead_events SET lead_id = :keep WHERE lead_id = :other RETURNING id",
    "import_rows": "UPDATE import_rows SET lead_id = :keep WHERE lead_id = :other RETURNING import_id, line",
    "deliveries": "UPDATE outgoing_deliveries SET lead_id = :keep WHERE lead_id = :other RETURNING id",
    "merges": "UPDATE merges SET lead_id = :keep WHERE lead_id = :other RETURNING id",
    # Who said one thing at one moment said it once.
    "consents": """
        UPDATE consents c SET lead_id = :keep WHERE lead_id = :other AND NOT EXISTS (SELECT FROM consents k
            WHERE k.lead_id = :keep AND k.kind = c.kind AND k.said_at = c.said_at) RETURNING id""",
}
# What cannot be of the lead that stays goes, and is written down.
_REMOVALS = {
    "lost_consents": "DELETE FROM consents c WHERE lead_id = :other RETURNING to_jsonb(c)",
    "lost_differences": """
        DELETE FROM not_duplicates d WHERE lead_id = :other OR other_id = :other RETURNING to_jsonb(d)""",
}
_ALSO_DIFFERENT = text("""
    INSERT INTO not_duplicates (lead_id, other_id, user_id)
    SELECT least(d.third, :keep), greatest(d.third, :keep), d.user_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS d(third bigint, user_id bigint) WHERE d.third <> :keep
    ON CONFLICT DO NOTHING RETURNING lead_id, other_id""")
_DELETE = text("DELETE FROM leads WHERE id = :other")
_FORGET = text("""
    UPDATE merges SET moved = '{}' WHERE lead_id = ANY (:ids) OR other_id = ANY (:ids)""")


def merge(keep: Lead, other: Lead, actor: Actor) -> Merge:
    """Give all that `other` has to `keep`, and let it go.

    Every conversation goes on answering the number or id that it answered before. Raises ValidationFailed
    naming `other` while a message is on its way, or when the two cannot be one.
    """
    keep_id, other_id = keep.id, other.id
    db.session.flush()
    talks = lock_both(keep_id, other_id)
    require_quiet([talk.id for talk in talks])
    require_stops_read(talks)
    keep, other = _loaded(keep_id), _loaded(other_id)
    facts = merged(keep, other)
    moved: Json = {"keep": snapshot("leads", keep_id), "other": snapshot("leads", other_id)}
    name = other.customer_name or other.phone_number
    # Read before anything moves: afterwards both have the ids of both.
    recipients = find_recipients([talk.id for talk in talks])
    for field, value in facts.values.items():
        setattr(keep, field, value)
    db.session.flush()
    moved["talks"] = merge_talks(keep_id, other_id, talks, recipients, clock.now())
    moved |= _move(keep_id, other_id)
    db.session.expunge(other)
    db.session.execute(_DELETE, {"other": other_id})
    moved["after"] = {name: snapshot("leads", keep_id)[name] for name in FIELDS}
    row = Merge(lead_id=keep_id, other_id=other_id, moved=moved, folded=_folded(moved), user_id=actor.user_id)
    db.session.add(row)
    db.session.flush()
    record(keep, "merged", actor, new=name, detail={"merge_id": row.id, "lead_id": other_id})
    db.session.flush()
    db.session.expire_all()
    return row


def forget_merges(lead_ids: Sequence[int]) -> None:
    """Empty what is kept of the merges of these leads, present or former: they can no longer be undone."""
    db.session.execute(_FORGET, {"ids": list(lead_ids)})


def merges_of(lead_id: int) -> list[Merge]:
    """Return the merges that this lead consists of, the last first."""
    standing = select(Merge).where(Merge.lead_id == lead_id, Merge.undone_at.is_(None))
    return list(db.session.scalars(standing.order_by(Merge.id.desc())))


def _loaded(lead_id: int) -> Lead:
    lead = db.session.get(Lead, lead_id, populate_existing=True)
    if lead is None:
        raise refused(GONE)
    return lead


def _move(keep_id: int, other_id: int) -> Json:
    ids = {"keep": keep_id, "other": other_id}
    moved: dict[str, Any] = {}
    for name, statement in _MOVES.items():
        rows = db.session.execute(text(statement), ids).all()
        moved[name] = [row[0] if len(row) == 1 else list(row) for row in rows]
    for name, statement in _REMOVALS.items():
        moved[name] = list(db.session.scalars(text(statement), ids))
    thirds = [
        {
            "third": row["other_id"] if row["lead_id"] == other_id else row["lead_id"],
            "user_id": row["user_id"],
        }
        for row in moved["lost_differences"]
    ]
    added = db.session.execute(_ALSO_DIFFERENT, {"keep": keep_id, "rows": json.dumps(thirds)})
    moved["added_differences"] = [list(row) for row in added]
    return moved


def _folded(moved: Json) -> Json:
    return {str(talk["id"]): talk["into"] for talk in moved["talks"] if talk["into"]}
