"""Take a merge apart: give back just what it moved, and what came since to whom it is of. No commit."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.leads.merging_rules import FIELDS, refused
from kiaai.leads.parting_talks import part_talks
from kiaai.leads.pipeline import Actor, record
from kiaai.leads.together import (
    GONE,
    lock_one,
    put_back,
    require_quiet,
    require_stops_read,
    snapshot,
    write_rows,
)
from kiaai.models import Lead, Merge
from kiaai.models.base import Json
from kiaai.texts import Text, lazy

_UNDONE = lazy("This merge was undone already.")
_FORGOTTEN = lazy("What it would take to undo this merge was deleted.")
_LATER = lazy("Somebody else was merged into this person since. Undo that first.")
FIELD_NAMES: dict[str, Text] = {
    "phone_number": lazy("Phone number"),
    "customer_name": lazy("Name"),
    "lead_status": lazy("Status"),
    "notes": lazy("Notes"),
    "tags": lazy("Tags"),
    "opted_out_at": lazy("Consent"),
    "blocked_at": lazy("Block"),
}

_BACK = {
    "identities": """
        UPDATE lead_identities SET lead_id = :other WHERE lead_id = :keep AND (kind, value) IN (
            SELECT r ->> 0, r ->> 1 FROM jsonb_array_elements(CAST(:rows AS jsonb)) r)""",
    "events": """
        UPDATE lead_events SET lead_id = :other WHERE lead_id = :keep AND id IN (
            SELECT CAST(r AS bigint) FROM jsonb_array_elements_text(CAST(:rows AS jsonb)) r)""",
    "import_rows": """
        UPDATE import_rows SET lead_id = :other WHERE lead_id = :keep AND (import_id, line) IN (
            SELECT CAST(r ->> 0 AS bigint), CAST(r ->> 1 AS bigint)
            FROM jsonb_array_elements(CAST(:rows AS jsonb)) r)""",
    "deliveries": """
        UPDATE outgoing_deliveries SET lead_id = :other WHERE lead_id = :keep AND id IN (
            SELECT CAST(r AS bigint) FROM jsonb_array_elements_text(CAST(:rows AS jsonb)) r)""",
    "merges": """
        UPDATE merges SET lead_id = :other WHERE lead_id = :keep AND id IN (
            SELECT CAST(r AS bigint) FROM jsonb_array_elements_text(CAST(:rows AS jsonb)) r)""",
    "consents": """
        UPDATE consents SET lead_id = :other WHERE lead_id = :keep AND id IN (
            SELECT CAST(r AS bigint) FROM jsonb_array_elements_text(CAST(:rows AS jsonb)) r)""",
    "added_differences": """
        DELETE FROM not_duplicates WHERE (lead_id, other_id) IN (
            SELECT CAST(r ->> 0 AS bigint), CAST(r ->> 1 AS bigint)
            FROM jsonb_array_elements(CAST(:rows AS jsonb)) r)""",
}
# The import gave the values of before to whoever stayed; the kept row of the other still has the imported.
_TAKEN_BACK = text("""
    SELECT r.old, r.new FROM import_rows r JOIN jsonb_array_elements(CAST(:rows AS jsonb)) m
        ON r.import_id = CAST(m ->> 0 AS bigint) AND r.line = CAST(m ->> 1 AS bigint)
    WHERE r.new ->> 'undone' IN ('restored', 'partly') ORDER BY r.import_id DESC, r.line DESC""")
_HAS_LATER = text("""
    SELECT EXISTS (SELECT FROM merges WHERE lead_id = :lead_id AND id > :id AND undone_at IS NULL)""")
# What was kept to part them is of no more use, and of two people who may ask to be forgotten.
_MARK = text("UPDATE merges SET undone_at = clock_timestamp(), moved = '{}' WHERE id = :id")
# What was said to one person of two counts for both: nobody is written to who asked for silence.
_OPT_OUT_TOO = text("""
    UPDATE leads o SET opted_out_at = k.opted_out_at, consent_at = k.consent_at FROM leads k
    WHERE o.id = :other AND k.id = :keep AND k.opted_out_at IS NOT NULL""")


@dataclass(frozen=True)
class Undone:
    """The two leads as they are again. left: what could not be taken apart any more, a sentence each."""

    keep_id: int
    other_id: int
    left: list[Text] = field(default_factory=list)


def undo(merge: Merge, actor: Actor) -> Undone:
    """Part the two leads of a merge. Raises ValidationFailed naming `other` when that cannot be done now."""
    db.session.flush()
    keep_id, other_id = merge.lead_id, merge.other_id
    talks = lock_one(keep_id)
    locked = select(Merge).where(Merge.id == merge.id).with_for_update()
    merge = db.session.scalars(locked.execution_options(populate_existing=True)).one_or_none() or _gone()
    _require_undoable(merge, keep_id)
    require_quiet([talk.id for talk in talks])
    require_stops_read(talks)
    moved = merge.moved
    now = snapshot("leads", keep_id)
    write_rows("leads", [_without_taken_back(moved)])
    left = part_talks(keep_id, moved, talks)
    _give_back(keep_id, other_id, moved)
    left += _restore(keep_id, other_id, moved, now)
    db.session.execute(_MARK, {"id": merge.id})
    _tell(keep_id, other_id, merge.id, actor)
    db.session.expire_all()
    return Undone(keep_id, other_id, left)


def _gone() -> Merge:
    raise refused(GONE)


def _require_undoable(merge: Merge, keep_id: int) -> None:
    if merge.undone_at is not None:
        raise refused(_UNDONE)
    if not merge.moved:
        raise refused(_FORGOTTEN)
    # Who was kept then may have gone into somebody since; that merge has then taken this one along.
    has_later = db.session.scalar(_HAS_LATER, {"lead_id": merge.lead_id, "id": merge.id})
    if has_later or merge.lead_id != keep_id:
        raise refused(_LATER)


def _without_taken_back(moved: Json) -> Json:
    """Return the lead that went, without what imports had changed and have taken back since."""
    other = dict(moved["other"])
    for old, new in db.session.execute(_TAKEN_BACK, {"rows": json.dumps(moved["import_rows"])}):
        other |= {name: value for name, value in old.items() if other.get(name) == new.get(name)}
    return other


def _give_back(keep_id: int, other_id: int, moved: Json) -> None:
    for name, statement in _BACK.items():
        values = {"keep": keep_id, "other": other_id, "rows": json.dumps(moved[name])}
        db.session.execute(text(statement), values)
    write_rows("consents", moved["lost_consents"])
    write_rows("not_duplicates", moved["lost_differences"])


def _restore(keep_id: int, other_id: int, moved: Json, now: Json) -> list[Text]:
    """Give the lead that stayed its former facts, but for those that were changed since."""
    before, after = moved["keep"], moved["after"]
    back = {name: before[name] for name in FIELDS if now[name] == after[name]}
    # What was said since about consent is of whoever it was; both are left in peace.
    changed = {name for name in FIELDS if name not in back and after[name] != before[name]}
    if now["consent_at"] != after["consent_at"] or now["opted_out_at"] != after["opted_out_at"]:
        back.pop("opted_out_at", None)
        back.pop("consent_at", None)
        db.session.execute(_OPT_OUT_TOO, {"keep": keep_id, "other": other_id})
    put_back("leads", keep_id, back)
    return [_kept_text(name) for name in FIELD_NAMES if name in changed]


def _kept_text(name: str) -> Text:
    return lazy("%(field)s: changed since, so it stays as it is now.", field=FIELD_NAMES[name])


def _tell(keep_id: int, other_id: int, merge_id: int, actor: Actor) -> None:
    db.session.expire_all()
    both = [db.session.get_one(Lead, id_) for id_ in (keep_id, other_id)]
    for lead, twin in (both, both[::-1]):
        detail: dict[str, Any] = {"merge_id": merge_id, "lead_id": twin.id}
        record(lead, "parted", actor, new=twin.customer_name or twin.phone_number, detail=detail)
    db.session.flush()
