"""Which people of a file are known already."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from kiaai.extensions import db
from kiaai.leads.imports.cells import Row
from kiaai.leads.imports.planning import FIELDS, Facts
from kiaai.models import Lead, LeadIdentity


@dataclass(frozen=True)
class Known:
    """A lead that is there, with what stands in it."""

    lead_id: int
    facts: Facts


def find_known(rows: Sequence[Row]) -> dict[str, Known]:
    """Return key to lead for the rows whose person is known: by identity, else by a plain row's number."""
    keys = {form: row.key for row in rows for form in (row.phone, row.key)}
    columns = (Lead.id, *(getattr(Lead, name) for name in FIELDS))
    named = LeadIdentity.kind.in_(("phone", "wa_id")) & LeadIdentity.value.in_(keys)
    # The most trusted last, so that it wins: WhatsApp's own id, as everywhere.
    by_identity = select(LeadIdentity.value, *columns).join(Lead).where(named).order_by(LeadIdentity.kind)
    plain = select(Lead.phone_number, *columns).where(Lead.phone_number.in_(keys)).order_by(Lead.id.desc())
    found: dict[str, Known] = {}
    for query in (plain, by_identity):
        for value, lead_id, *facts in db.session.execute(query):
            found[keys[value]] = Known(lead_id, dict(zip(FIELDS, facts, strict=True)))
    return found
