"""What the page of a person says of others who are, or may be, the same person."""

from dataclasses import dataclass, field

from sqlalchemy import select

from kiaai.extensions import db
from kiaai.leads.duplicates import Suspect, suspects_of
from kiaai.leads.merging import merges_of
from kiaai.models import Conversation, Lead, Merge, NotDuplicate
from kiaai.models.numbers import readable


@dataclass(frozen=True)
class Joined:
    """A merge. can_undo: it is the last one, and what it takes is still there. name: who went in."""

    merge: Merge
    name: str | None
    number: str | None
    can_undo: bool


@dataclass(frozen=True)
class SamePerson:
    """suspects: who may be. merges: who is. answers: where answers go, once there are several ways.

    different: of whom somebody has just said that it is somebody else.
    """

    suspects: list[Suspect] = field(default_factory=list)
    merges: list[Joined] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    different: Lead | None = None


def same_person(lead: Lead, different: str = "") -> SamePerson:
    """Return it. different: `<id>-<id>` of the two who are different, as the address says it."""
    merges = merges_of(lead.id)
    joined = [_joined(row, is_last=row is merges[0]) for row in merges]
    pinned = select(Conversation.answers_to).where(
        Conversation.lead_id == lead.id, Conversation.answers_to.is_not(None)
    )
    answers = [readable(to) for to in db.session.scalars(pinned) if to] if merges else []
    return SamePerson(suspects_of(lead), joined, answers, _different(lead, different))


def _joined(row: Merge, is_last: bool) -> Joined:
    other = row.moved.get("other", {})
    return Joined(row, other.get("customer_name"), other.get("phone_number"), is_last and bool(row.moved))


def noted(pair: str | None) -> tuple[Lead, Lead] | None:
    """Return the two of `<id>-<id>`, as an address says it, when they are noted as two people."""
    parts = [int(part) for part in (pair or "").split("-") if part.isdecimal() and len(part) < 19]
    if len(parts) != 2 or db.session.get(NotDuplicate, (min(parts), max(parts))) is None:
        return None
    first, second = db.session.get_one(Lead, parts[0]), db.session.get_one(Lead, parts[1])
    return first, second


def _different(lead: Lead, pair: str) -> Lead | None:
    both = noted(pair)
    return next((one for one in both if one is not lead), None) if both and lead in both else None
