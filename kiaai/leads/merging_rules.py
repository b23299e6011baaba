"""Which of two people's facts stay when they become one. Pure: what a preview shows is what a merge does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiaai.errors import ValidationFailed
from kiaai.leads.pipeline import NOTES_LIMIT, TAGS_LIMIT
from kiaai.models import Lead
from kiaai.models.base import Json
from kiaai.texts import Text, lazy

# All that a merge may change about the lead that stays.
FIELDS = (
    "phone_number",
    "customer_name",
    "lead_status",
    "notes",
    "tags",
    "source",
    "first_contact_at",
    "last_contact_at",
    "opted_out_at",
    "consent_at",
    "blocked_at",
)


@dataclass(frozen=True)
class MergedLead:
    """The facts of the lead that stays."""

    phone_number: str | None
    customer_name: str | None
    lead_status: str
    notes: str
    tags: list[str]
    source: Json
    first_contact_at: datetime
    last_contact_at: datetime
    opted_out_at: datetime | None
    consent_at: datetime | None
    blocked_at: datetime | None

    @property
    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FIELDS}


def merged(keep: Lead, other: Lead) -> MergedLead:
    """Return what stays: of who is kept where there is something, else of the other; tags and notes of both.

    The newest word about consent counts, and who was blocked under one number stays blocked. How they came is
    known of the first contact. Raises ValidationFailed when notes or tags of both are too many.
    """
    first = min((keep, other), key=lambda lead: lead.first_contact_at)
    second = other if first is keep else keep
    said_last = _who_spoke_last(keep, other)
    return MergedLead(
        phone_number=keep.phone_number or other.phone_number,
        customer_name=keep.customer_name or other.customer_name,
        lead_status=keep.lead_status if keep.lead_status != "unknown" else other.lead_status,
        notes=_joined(keep.notes, other.notes),
        tags=_united(keep.tags, other.tags),
        source=first.source or second.source,
        first_contact_at=first.first_contact_at,
        last_contact_at=max(keep.last_contact_at, other.last_contact_at),
        opted_out_at=said_last.opted_out_at,
        consent_at=said_last.consent_at,
        blocked_at=keep.blocked_at or other.blocked_at,
    )


def _who_spoke_last(keep: Lead, other: Lead) -> Lead:
    """Return who said last whether they want messages; in doubt, who does not."""
    said = [(lead, lead.consent_at or lead.opted_out_at) for lead in (keep, other)]
    spoken = [(at, lead.opted_out_at is not None, lead) for lead, at in said if at is not None]
    return max(spoken, key=lambda one: one[:2])[2] if spoken else keep


def _joined(notes: str, more: str) -> str:
    parts = list(dict.fromkeys(part for part in (notes.strip(), more.strip()) if part))
    joined = "\n\n".join(parts) if len(parts) > 1 else notes or more
    if len(joined) > NOTES_LIMIT:
        raise refused(
            lazy(
                "The notes of both have more than %(limit)s characters. Shorten them first.",
                limit=NOTES_LIMIT,
            )
        )
    return joined


def _united(tags: list[str], more: list[str]) -> list[str]:
    united = list(dict.fromkeys((*tags, *more)))
    if len(united) > TAGS_LIMIT:
        raise refused(
            lazy("Both together have more than %(limit)s tags. Take some off first.", limit=TAGS_LIMIT)
        )
    return united


def refused(reason: Text) -> ValidationFailed:
    """Return the error of a merge, or of its undo, that cannot be."""
    return ValidationFailed(reason, {"other": [reason]})
