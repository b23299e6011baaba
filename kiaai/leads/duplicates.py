"""Who may be the same person as somebody else, why, and how sure that is. Nobody is merged by it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, literal, select, text
from sqlalchemy.dialects.postgresql import insert

from kiaai.extensions import db
from kiaai.leads.former import kept_lead_id
from kiaai.leads.number_forms import how_alike
from kiaai.models import Lead, NotDuplicate
from kiaai.texts import Text, lazy
from kiaai.whatsapp.phone_numbers import match_key, other_form

# Why, the surest first.
REASONS: dict[str, Text] = {
    "whatsapp": lazy("WhatsApp named both as one person"),
    "number": lazy("The same number, written in two ways"),
    "number_form": lazy("Nearly the same number: one has a digit more"),
    "name": lazy("The same name, once with a number and once without"),
}
SURENESS: dict[str, str] = {"whatsapp": "sure", "number": "sure", "number_form": "likely", "name": "possible"}
SURENESS_NAMES: dict[str, Text] = {
    "sure": lazy("Quite sure"),
    "likely": lazy("Likely"),
    "possible": lazy("Possible"),
}
PAIRS = 100
# A name that more people have is no sign, and neither is an end of a number.
_MOST_NAMESAKES, _MOST_ALIKE = 3, 20
_CANDIDATES = 2000

_NAMED_BY_WHATSAPP = text("""
    SELECT "new" AS id FROM lead_events WHERE lead_id = :id AND kind = 'possible_duplicate'
    UNION SELECT CAST(lead_id AS text) FROM lead_events
    WHERE kind = 'possible_duplicate' AND "new" = CAST(:id AS text)""")
_ENDS_ALIKE = text("""
    SELECT lead_id, number FROM lead_names
    WHERE "right"(number, 8) = "right"(:number, 8) AND number IS NOT NULL AND lead_id <> :id
    LIMIT :most""")
_KNOWN_BY = text("""
    SELECT DISTINCT lead_id FROM lead_identities
    WHERE kind IN ('wa_id', 'phone') AND value = ANY (:values) AND lead_id <> :id""")
# Of two namesakes just one has a number: with one each they are two people until somebody says otherwise.
_NAMESAKES = text("""
    WITH asked AS (SELECT f.name, l.phone_number FROM lead_facts f JOIN leads l ON l.id = f.lead_id
        WHERE l.id = :id AND f.name LIKE '%_ _%' AND coalesce(l.customer_name, '') <> ''),
    others AS (SELECT f.lead_id, l.phone_number FROM asked, lead_facts f JOIN leads l ON l.id = f.lead_id
        WHERE f.name = asked.name AND f.lead_id <> :id LIMIT :most + 1)
    SELECT o.lead_id FROM others o, asked
    WHERE (o.phone_number IS NULL) <> (asked.phone_number IS NULL)
        AND (SELECT count(*) FROM others) <= :most""")

_ALL_NAMED_BY_WHATSAPP = text("""
    SELECT e.lead_id, coalesce(m.lead_id, CAST(e."new" AS bigint)) AS other_id
    FROM (SELECT lead_id, "new" FROM lead_events
        WHERE kind = 'possible_duplicate' AND "new" ~ '^[0-9]{1,18}$' ORDER BY id DESC LIMIT :most) e
        LEFT JOIN LATERAL (SELECT lead_id FROM merges WHERE other_id = CAST(e."new" AS bigint)
            AND undone_at IS NULL ORDER BY id DESC LIMIT 1) m ON true""")
# One pass over all numbers (13 ms for 50,000); what ends alike, or has none, is rare and looked up by index.
_ALL_ENDING_ALIKE = text("""
    WITH endings AS MATERIALIZED (SELECT "right"(number, 8) AS ending FROM lead_names
        WHERE number IS NOT NULL GROUP BY 1 HAVING count(*) BETWEEN 2 AND :most_alike)
    SELECT a.lead_id, b.lead_id AS other_id, a.number, b.number AS other_number FROM endings e
        CROSS JOIN LATERAL (SELECT lead_id, number FROM lead_names
            WHERE "right"(number, 8) = e.ending AND number IS NOT NULL OFFSET 0) a
        CROSS JOIN LATERAL (SELECT lead_id, number FROM lead_names
            WHERE "right"(number, 8) = e.ending AND number IS NOT NULL OFFSET 0) b
    WHERE b.lead_id > a.lead_id AND (a.number = b.number OR length(a.number) <> length(b.number))
    LIMIT :most""")
_ALL_NAMESAKES = text("""
    WITH numberless AS MATERIALIZED (SELECT id FROM leads
        WHERE phone_number IS NULL AND coalesce(customer_name, '') <> '' ORDER BY id DESC LIMIT :most)
    SELECT n.id AS lead_id, o.lead_id AS other_id FROM numberless n
        CROSS JOIN LATERAL (SELECT name FROM lead_facts
            WHERE lead_id = n.id AND name LIKE '%_ _%' OFFSET 0) f
        CROSS JOIN LATERAL (SELECT array_agg(lead_id) AS ids FROM (SELECT lead_id FROM lead_facts
            WHERE name = f.name AND lead_id <> n.id LIMIT :most_namesakes + 1) namesakes) others
        CROSS JOIN LATERAL unnest(others.ids) o(lead_id)
        JOIN leads l ON l.id = o.lead_id AND l.phone_number IS NOT NULL
    WHERE cardinality(others.ids) <= :most_namesakes""")
_SAID_NOT = text("""
    SELECT p.lead_id, p.other_id FROM jsonb_to_recordset(CAST(:pairs AS jsonb)) AS p(lead_id bigint,
        other_id bigint) JOIN not_duplicates d USING (lead_id, other_id)""")

Ids = tuple[int, int]


@dataclass(frozen=True)
class Suspect:
    """Somebody who may be the same person. reason: one of REASONS."""

    lead: Lead
    reason: str

    @property
    def sureness(self) -> str:
        return SURENESS[self.reason]


@dataclass(frozen=True)
class Pair:
    """Two leads that may be one person; the one in contact first comes first."""

    first: Lead
    second: Lead
    reason: str

    @property
    def sureness(self) -> str:
        return SURENESS[self.reason]


def suspects_of(lead: Lead) -> list[Suspect]:
    """Return who may be the same person as this one, the surest first."""
    found = _Found()
    for row in db.session.scalars(_NAMED_BY_WHATSAPP, {"id": lead.id}):
        found.add(lead.id, _standing(row), "whatsapp")
    if lead.phone_number:
        _add_numbers(found, lead.id, lead.phone_number)
    for other_id in db.session.scalars(_NAMESAKES, {"id": lead.id, "most": _MOST_NAMESAKES}):
        found.add(lead.id, other_id, "name")
    return [
        Suspect(second if first.id == lead.id else first, reason)
        for first, second, reason in _loaded(found.pairs())
    ]


def find_pairs(limit: int = PAIRS) -> list[Pair]:
    """Return the surest pairs of all, at most so many: when some are decided, the next take their place."""
    found = _Found()
    most = {"most": _CANDIDATES}
    for row in db.session.execute(_ALL_NAMED_BY_WHATSAPP, most):
        found.add(row.lead_id, row.other_id, "whatsapp")
    for row in db.session.execute(_ALL_ENDING_ALIKE, {**most, "most_alike": _MOST_ALIKE}):
        if reason := how_alike(row.number, row.other_number):
            found.add(row.lead_id, row.other_id, reason)
    for row in db.session.execute(_ALL_NAMESAKES, {**most, "most_namesakes": _MOST_NAMESAKES}):
        found.add(row.lead_id, row.other_id, "name")
    return [Pair(first, second, reason) for first, second, reason in _loaded(found.pairs()[:limit])]


def say_different(first_id: int, second_id: int, user_id: int | None) -> None:
    """Note that these are two people, so that nobody is asked again. No commit."""
    ids = sorted((first_id, second_id))
    row = {"lead_id": ids[0], "other_id": ids[1], "user_id": user_id}
    db.session.execute(insert(NotDuplicate).values(row).on_conflict_do_nothing())


def take_back_different(first_id: int, second_id: int) -> None:
    """Forget that these are two people. No commit."""
    ids = sorted((first_id, second_id))
    db.session.query(NotDuplicate).filter_by(lead_id=ids[0], other_id=ids[1]).delete()


class _Found:
    """Pairs of ids with the surest reason for each."""

    def __init__(self) -> None:
        self._reasons: dict[Ids, str] = {}

    def add(self, first_id: int | None, second_id: int | None, reason: str) -> None:
        if first_id is None or second_id is None or first_id == second_id:
            return
        pair = (min(first_id, second_id), max(first_id, second_id))
        known = self._reasons.get(pair, reason)
        self._reasons[pair] = min(known, reason, key=_rank)

    def pairs(self) -> list[tuple[Ids, str]]:
        """Return those that nobody said are two people; the surest first, then the newest."""
        rows = [{"lead_id": first, "other_id": second} for first, second in self._reasons]
        decided = db.session.execute(_SAID_NOT, {"pairs": json.dumps(rows)}) if rows else ()
        different = {(row.lead_id, row.other_id) for row in decided}
        left = [(pair, reason) for pair, reason in self._reasons.items() if pair not in different]
        return sorted(left, key=lambda one: (_rank(one[1]), -one[0][1], -one[0][0]))


def _rank(reason: str) -> int:
    return list(REASONS).index(reason)


def _standing(text_id: str) -> int | None:
    """Return the lead that an id in the history names today."""
    if not text_id.isdigit():
        return None
    return kept_lead_id(int(text_id)) or int(text_id)


def _add_numbers(found: _Found, lead_id: int, number: str) -> None:
    values: dict[str, Any] = {"id": lead_id, "number": number, "most": _MOST_ALIKE}
    for row in db.session.execute(_ENDS_ALIKE, values):
        if reason := how_alike(number, row.number):
            found.add(lead_id, row.lead_id, reason)
    forms = {number, match_key(number) or number, other_form(number) or number}
    for other_id in db.session.scalars(_KNOWN_BY, {"id": lead_id, "values": sorted(forms)}):
        found.add(lead_id, other_id, "number")


def _loaded(pairs: Iterable[tuple[Ids, str]]) -> list[tuple[Lead, Lead, str]]:
    pairs = list(pairs)
    ids = [lead_id for pair, _ in pairs for lead_id in pair]
    rows = db.session.scalars(select(Lead).where(Lead.id == any_(literal(ids, ARRAY(BigInteger)))))
    leads = {lead.id: lead for lead in rows}
    found = []
    for (first_id, second_id), reason in pairs:
        if first_id in leads and second_id in leads:
            both = (leads[first_id], leads[second_id])
            first, second = sorted(both, key=lambda lead: (lead.first_contact_at, lead.id))
            found.append((first, second, reason))
    return found
