"""Write one batch of lines: leads made and changed in a few statements, each with its history."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from kiaai.extensions import db
from kiaai.leads.imports.cells import Refused, Row
from kiaai.leads.imports.known import find_known
from kiaai.leads.imports.planning import FIELDS, Facts, Plan, changes_of, facts_of

# Few enough that changing them all holds nobody up: their conversations stay locked until the commit.
BATCH = 1000
KINDS = {"customer_name": "name", "lead_status": "status", "notes": "notes", "tags": "tags"}

_CLAIM = text("""
    INSERT INTO lead_identities (kind, value, lead_id)
    SELECT 'phone', value, nextval('leads_id_seq')
    FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS wanted (value, place) ORDER BY place
    ON CONFLICT DO NOTHING RETURNING value, lead_id""")
_MAKE = text("""
    INSERT INTO leads (id, phone_number, customer_name, lead_status, notes, tags, source)
    SELECT id, phone_number, customer_name, lead_status, notes, tags, CAST(:source AS jsonb)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS wanted (id bigint, phone_number text,
        customer_name text, lead_status text, notes text, tags text[])""")
_LOCK = text("""
    SELECT id, customer_name, lead_status, notes, tags FROM leads
    WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE""")
_LOCK_TALKS = text("""
    SELECT id FROM conversations WHERE lead_id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE""")
_CHANGE = text("""
    UPDATE leads SET customer_name = wanted.customer_name, lead_status = wanted.lead_status,
        notes = wanted.notes, tags = wanted.tags
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS wanted (id bigint, customer_name text,
        lead_status text, notes text, tags text[])
    WHERE leads.id = wanted.id""")
_RAISE = text("UPDATE conversations SET version = version + 1 WHERE id = ANY (:ids)")
_TELL = text("""
    INSERT INTO lead_events (lead_id, kind, old, new, by, user_id, detail)
    SELECT lead_id, kind, old, new, 'import', :user_id, CAST(:detail AS jsonb)
    FROM ROWS FROM (jsonb_to_recordset(CAST(:rows AS jsonb))
        AS (lead_id bigint, kind text, old text, new text)) WITH ORDINALITY
        AS happened (lead_id, kind, old, new, place)
    ORDER BY place""")


@dataclass(frozen=True)
class Origin:
    """Where lines come from: the name of the file, and of an import in the dashboard its id and person."""

    name: str
    import_id: int | None = None
    user_id: int | None = None

    @property
    def source(self) -> dict[str, Any]:
        return {"import": self.name} | self.detail

    @property
    def detail(self) -> dict[str, Any]:
        return {"import_id": self.import_id} if self.import_id else {}


@dataclass
class Outcome:
    """What became of one line. old, new: the fields that it changed, none where it made the lead.

    lead_id: None of somebody who went meanwhile.
    """

    line: int
    outcome: str
    lead_id: int | None
    old: Facts = field(default_factory=dict)
    new: Facts = field(default_factory=dict)


def batches(rows: Iterable[Row | Refused], size: int = BATCH) -> Iterator[list[Row | Refused]]:
    """Give the rows in handfuls in which no number comes twice: a later line follows on the earlier one."""
    batch: list[Row | Refused] = []
    keys: set[str] = set()
    for row in rows:
        if len(batch) == size or (isinstance(row, Row) and row.key in keys):
            yield batch
            batch, keys = [], set()
        batch.append(row)
        if isinstance(row, Row):
            keys.add(row.key)
    if batch:
        yield batch


def save(rows: Sequence[Row], plan: Plan, origin: Origin) -> list[Outcome]:
    """Make or change the leads of one batch; return what became of each line. No commit."""
    known = find_known(rows)
    created = _create([row for row in rows if row.key not in known], plan, origin)
    # Somebody else, such as the first message of this person, was faster by a moment.
    made = {outcome.line for outcome in created}
    overtaken = [row for row in rows if row.key not in known and row.line not in made]
    known |= find_known(overtaken) if overtaken else {}
    there = [row for row in rows if row.line not in made]
    ids, facts = _hold(there, {key: found.lead_id for key, found in known.items()})
    changed = _update([(ids[row.line], row) for row in there if row.line in ids], facts, plan, origin)
    told = {outcome.line for outcome in changed}
    # Who was erased meanwhile is not brought back.
    rest = [Outcome(row.line, "unchanged", ids.get(row.line)) for row in there if row.line not in told]
    return [*created, *changed, *rest]


def claim_numbers(keys: Sequence[str]) -> dict[str, int]:
    """Claim the numbers nobody has yet, each for a new lead id; return number to id. The leads come next."""
    if not keys:
        return {}
    won = db.session.execute(_CLAIM, {"keys": sorted(keys)})
    return {row.value: row.lead_id for row in won}


def change_leads(final: dict[int, Facts]) -> None:
    """Write these fields of leads that are locked, and let the dashboard notice."""
    if not final:
        return
    rows = [{"id": lead_id, **facts} for lead_id, facts in final.items()]
    talks = list(db.session.scalars(_LOCK_TALKS, {"ids": list(final)}))
    db.session.execute(_CHANGE, {"rows": json.dumps(rows)})
    if talks:
        db.session.execute(_RAISE, {"ids": talks})


def lock_leads(ids: Iterable[int]) -> dict[int, Facts]:
    """Lock the leads in the order all others keep; return what stands in each now."""
    rows = db.session.execute(_LOCK, {"ids": sorted(set(ids))}).mappings()
    return {row["id"]: {name: row[name] for name in FIELDS} for row in rows}


def events_of(lead_id: int, old: Facts, new: Facts) -> Iterator[dict[str, Any]]:
    """Give the lines of the history that these changes make."""
    for name, value in new.items():
        yield {"lead_id": lead_id, "kind": KINDS[name], "old": _said(old[name]), "new": _said(value)}


def tell(events: Sequence[dict[str, Any]], user_id: int | None, detail: dict[str, Any]) -> None:
    """Add lines to the history of many leads at once."""
    if events:
        values = {"rows": json.dumps(events), "user_id": user_id, "detail": json.dumps(detail)}
        db.session.execute(_TELL, values)


def _create(rows: Sequence[Row], plan: Plan, origin: Origin) -> list[Outcome]:
    """Claim each number with an id drawn beforehand; write the leads that won."""
    ids = claim_numbers([row.key for row in rows])
    made = [(ids[row.key], row, facts_of(row, plan.tags)) for row in rows if row.key in ids]
    if made:
        leads = [{"id": lead_id, "phone_number": row.phone, **facts} for lead_id, row, facts in made]
        db.session.execute(_MAKE, {"rows": json.dumps(leads), "source": json.dumps(origin.source)})
        events = [{"lead_id": lead_id, "kind": "created", "new": row.phone} for lead_id, row, _ in made]
        tell(events, origin.user_id, origin.detail)
    return [Outcome(row.line, "created", lead_id) for lead_id, row, _ in made]


def _hold(rows: Sequence[Row], known: dict[str, int]) -> tuple[dict[int, int], dict[int, Facts]]:
    """Lock the people of these lines until the commit; return whose each line is, and what stands in each.

    Whoever was merged meanwhile is found as the lead that was kept.
    """
    ids = {row.line: known[row.key] for row in rows if row.key in known}
    facts = lock_leads(ids.values())
    left = [row for row in rows if ids.get(row.line) not in facts]
    if left:
        again = find_known(left)
        ids |= {row.line: again[row.key].lead_id for row in left if row.key in again}
        facts |= lock_leads(ids[row.line] for row in left if row.line in ids)
    return {line: lead_id for line, lead_id in ids.items() if lead_id in facts}, facts


def _update(
    wanted: Sequence[tuple[int, Row]], facts: dict[int, Facts], plan: Plan, origin: Origin
) -> list[Outcome]:
    """Change leads that are there, and locked: all are, before the first change."""
    outcomes: list[Outcome] = []
    events: list[dict[str, Any]] = []
    final: dict[int, Facts] = {}
    for lead_id, row in wanted:
        known = final.get(lead_id) or facts[lead_id]
        if new := changes_of(row, known, plan):
            old = {name: known[name] for name in new}
            outcomes.append(Outcome(row.line, "changed", lead_id, old, new))
            events += events_of(lead_id, old, new)
            final[lead_id] = known | new
    change_leads(final)
    tell(events, origin.user_id, origin.detail)
    return outcomes


def _said(value: object) -> str | None:
    return ", ".join(value) if isinstance(value, list) else value if value is None else str(value)
