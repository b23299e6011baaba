"""Leads from a table: each number becomes a lead once, and a second run changes nothing."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, cast, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.finding import parse_phone
from kiaai.leads.pipeline import (
    NAME_LIMIT,
    NOTES_LIMIT,
    TAG_LIMIT,
    TAGS_LIMIT,
    Actor,
    rename,
    set_notes,
    set_status,
    set_tags,
)
from kiaai.leads.table import Line
from kiaai.models import Conversation, Lead, LeadEvent, LeadIdentity
from kiaai.models.lead import LEAD_STATUSES
from kiaai.whatsapp.cleaning import clean_text, one_line
from kiaai.whatsapp.phone_numbers import match_key

# Few enough that changing them all holds nobody up: their conversations stay locked until the commit.
BATCH = 200
IMPORT = Actor(by="import")
# Spreadsheets turn a column of numbers with a gap into fractions.
_FRACTION = re.compile(r"(\d+)[.,]0+")


@dataclass(frozen=True)
class Row:
    """What a line says of one person. None: the cell is empty or not there, so leave it as it is.

    phone: digits as written. key: the same for every form of the number.
    """

    line: int
    phone: str
    key: str
    name: str | None = None
    status: str | None = None
    notes: str | None = None
    tags: list[str] | None = None

    def differs_from(self, lead: Lead) -> bool:
        pairs = (
            (self.name, lead.customer_name),
            (self.status, lead.lead_status),
            (self.notes, lead.notes),
            (self.tags, lead.tags),
        )
        return any(wanted is not None and wanted != kept for wanted, kept in pairs)


@dataclass(frozen=True)
class Refused:
    """A line that was left out, and why."""

    line: int
    reason: str


@dataclass
class Counts:
    """What became of the lines."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return (
            f"{self.created} created, {self.updated} updated,"
            f" {self.unchanged} unchanged, {self.refused} refused"
        )


def read_line(line: Line) -> Row | Refused:
    """Return what the line says, or why it cannot be used."""
    try:
        return _row(line)
    except ValidationFailed as error:
        named = (f"{name}: {' '.join(reasons)}" for name, reasons in error.fields.items())
        return Refused(line.number, " ".join(named) or error.message)


def batches(rows: Iterable[Row | Refused]) -> Iterator[list[Row | Refused]]:
    """Give the rows in handfuls in which no number comes twice: a later line follows on the earlier one."""
    batch: list[Row | Refused] = []
    keys: set[str] = set()
    for row in rows:
        if len(batch) == BATCH or (isinstance(row, Row) and row.key in keys):
            yield batch
            batch, keys = [], set()
        batch.append(row)
        if isinstance(row, Row):
            keys.add(row.key)
    if batch:
        yield batch


def save(rows: Sequence[Row], source: str, counts: Counts) -> None:
    """Make or change the leads of one batch, and count. source: the name of the file."""
    known = _known_leads(rows)
    created = _create([row for row in rows if row.key not in known], source)
    # Somebody else, such as the first message of this person, was faster by a moment.
    overtaken = [row for row in rows if row.key not in known and row.key not in created]
    known |= _known_leads(overtaken) if overtaken else {}
    found = [(known[row.key], row) for row in rows if row.key in known]
    changed = [(lead, row) for lead, row in found if row.differs_from(lead)]
    _update(changed)
    counts.created += len(created)
    counts.updated += len(changed)
    counts.unchanged += len(rows) - len(created) - len(changed)


def _row(line: Line) -> Row:
    if line.error:
        raise ValidationFailed(line.error)
    phone = parse_phone(_FRACTION.sub(r"\1", line.cells.get("phone_number", "")), "phone_number")
    return Row(
        line=line.number,
        phone=phone,
        key=match_key(phone) or phone,
        name=_name(line.cells.get("customer_name", "")),
        status=_status(line.cells.get("lead_status", "")),
        notes=_notes(line.cells.get("notes", "")),
        tags=_tags(line.cells.get("tags", "")),
    )


def _name(cell: str) -> str | None:
    name = one_line(clean_text(cell), NAME_LIMIT + 1)
    return _at_most(NAME_LIMIT, name, "customer_name") or None


def _status(cell: str) -> str | None:
    status = "_".join(cell.lower().split())
    if status and status not in LEAD_STATUSES:
        raise _refused("lead_status", f"Must be one of: {', '.join(LEAD_STATUSES)}.")
    return status or None


def _notes(cell: str) -> str | None:
    return _at_most(NOTES_LIMIT, clean_text(cell).strip(), "notes") or None


def _tags(cell: str) -> list[str] | None:
    words = (" ".join(tag.split()) for tag in re.split(r"[,;|]", clean_text(cell)))
    tags = [_at_most(TAG_LIMIT, tag, "tags") for tag in dict.fromkeys(words) if tag]
    if len(tags) > TAGS_LIMIT:
        raise _refused("tags", f"At most {TAGS_LIMIT} tags.")
    return tags or None


def _at_most(limit: int, text: str, field: str) -> str:
    if len(text) > limit:
        raise _refused(field, f"At most {limit:,} characters.")
    return text


def _refused(field: str, reason: str) -> ValidationFailed:
    return ValidationFailed("The line cannot be used.", {field: [reason]})


def _known_leads(rows: Sequence[Row]) -> dict[str, Lead]:
    """Return key to lead for the rows whose person is known: by identity, else by a plain row's number."""
    keys = {form: row.key for row in rows for form in (row.phone, row.key)}
    named = LeadIdentity.kind.in_(("phone", "wa_id")) & LeadIdentity.value.in_(keys)
    by_identity = db.session.execute(
        # The most trusted last, so that it wins: WhatsApp's own id, as everywhere.
        select(LeadIdentity.value, Lead).join(Lead).where(named).order_by(LeadIdentity.kind)
    )
    plain = select(Lead.phone_number, Lead).where(Lead.phone_number.in_(keys)).order_by(Lead.id.desc())
    found = {keys[str(number)]: lead for number, lead in db.session.execute(plain)}
    return found | {keys[value]: lead for value, lead in by_identity}


def _create(rows: Sequence[Row], source: str) -> dict[str, int]:
    """Claim each number with an id drawn beforehand; write the leads that won. Return key to lead id."""
    ids = claim_numbers([row.key for row in rows])
    won = [row for row in rows if row.key in ids]
    if won:
        db.session.execute(insert(Lead), [_lead(ids[row.key], row, source) for row in won])
        created = [
            {"lead_id": ids[row.key], "kind": "created", "new": row.phone, "by": "import"} for row in won
        ]
        db.session.execute(insert(LeadEvent), created)
    return ids


def claim_numbers(keys: Sequence[str]) -> dict[str, int]:
    """Claim the numbers nobody has yet, each for a new lead id; return number to id. The leads come next."""
    if not keys:
        return {}
    drawn = select(cast(func.nextval("leads_id_seq"), BigInteger)).select_from(
        func.generate_series(1, len(keys))
    )
    ids = dict(zip(sorted(keys), db.session.scalars(drawn), strict=True))
    claims = [{"kind": "phone", "value": key, "lead_id": lead_id} for key, lead_id in ids.items()]
    claim = insert_or_skip(LeadIdentity).on_conflict_do_nothing().returning(LeadIdentity.value)
    won = set(db.session.scalars(claim, claims))
    return {key: lead_id for key, lead_id in ids.items() if key in won}


def _lead(lead_id: int, row: Row, source: str) -> dict[str, object]:
    return {
        "id": lead_id,
        "phone_number": row.phone,
        "customer_name": row.name,
        "lead_status": row.status or "unknown",
        "notes": row.notes or "",
        "tags": row.tags or [],
        "source": {"import": source},
    }


def _update(changed: Sequence[tuple[Lead, Row]]) -> None:
    """Change leads that are there. All are locked before the first change, in the order all others keep."""
    ids = {lead.id for lead, _ in changed}
    if not ids:
        return
    leads = select(Lead.id).where(Lead.id.in_(ids)).order_by(Lead.id)
    db.session.execute(leads.with_for_update(key_share=True))
    conversations = select(Conversation.id).where(Conversation.lead_id.in_(ids)).order_by(Conversation.id)
    db.session.execute(conversations.with_for_update(key_share=True))
    for lead, row in changed:
        _change(lead, row)


def _change(lead: Lead, row: Row) -> None:
    if row.name is not None:
        rename(lead, row.name, IMPORT)
    if row.status is not None:
        set_status(lead, row.status, IMPORT)
    if row.notes is not None:
        set_notes(lead, row.notes, IMPORT)
    if row.tags is not None:
        set_tags(lead, row.tags, IMPORT)
