"""Which conversations and leads a search finds: the newest, in the same time however many there are.

Two ways, in one statement. A name that many have is soon met among those last in contact, so these are walked
for a while. If that does not find enough, the name is a rare one, and the index over the pieces of all names
has it. The planner is left no choice: it thinks that pieces of a name have nothing to do with each other, and
with statistics that are old or missing it may look at everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, TextualSelect, text

from kiaai.extensions import db
from kiaai.leads.searching import name_pattern, number_digits, pieces
from kiaai.web.paging import Cursor

# How many rows are walked for one that is wanted, at least and at most. A row takes some 3 us.
_WALKED_EACH, _SHORTEST_WALK, _LONGEST_WALK = 20, 600, 2000


# Which rows of a list, by its time and id.
ALL, ABOVE, BELOW = "true", "({at}, id) >= (:at, :id)", "({at}, id) < (:at, :id)"


@dataclass(frozen=True)
class Kind:
    """How a search is made. has_digits, has_pieces: of what is looked for; only: which rows of the list."""

    has_digits: bool
    has_pieces: bool
    only: str = ALL


def kind_of(q: str, only: str = ALL) -> Kind:
    return Kind(number_digits(q) is not None, bool(pieces(q)), only)


def values_for(q: str, most: int, place: Cursor | None = None) -> dict[str, Any]:
    """Return the parameters of a search for the newest `most` hits."""
    digits = number_digits(q) or ""
    values = {
        "pattern": name_pattern(q),
        "digits": digits,
        "pieces": pieces(q),
        "digit_pieces": pieces(digits),
        "most": most,
        "walk": min(max(_WALKED_EACH * most, _SHORTEST_WALK), _LONGEST_WALK),
    }
    return values | {"at": place.at, "id": place.id} if place else values


def find(statement: TextualSelect, values: Mapping[str, Any]) -> list[int]:
    """Return the ids, the newest first."""
    return list(db.session.scalars(statement, values))


@cache
def conversation_hits(kind: Kind) -> TextualSelect:
    """Return the search for conversations: their ids and `at`, the newest message first."""
    return _statement(_CONVERSATIONS, kind)


@cache
def lead_hits(kind: Kind, has_status: bool = False) -> TextualSelect:
    """Return the search for leads, all or those of `:status`: ids and `at`, the last in contact first."""
    of_status = f"lead_status = :status AND {kind.only}"
    return _statement(_LEADS, replace(kind, only=of_status) if has_status else kind)


def count_conversations(q: str, exact_up_to: int) -> int:
    """Return how many conversations are found: few are counted by pieces, more by looking at everybody."""
    kind, values = kind_of(q), values_for(q, exact_up_to + 1)
    count = find(_few(kind), values)[0]
    return count if count <= exact_up_to else find(_all(kind), values)[0]


@cache
def _few(kind: Kind) -> TextualSelect:
    return _statement(_FEW, kind)


@cache
def _all(kind: Kind) -> TextualSelect:
    return _statement(_EVERYBODY, kind)


def _statement(template: str, kind: Kind) -> TextualSelect:
    is_hit = _IS_NAMED_OR_NUMBERED if kind.has_digits else _IS_NAMED
    has_pieces = _HAS_PIECES_OF_EITHER if kind.has_digits else _HAS_PIECES
    # Letters of which it is not known whether the database knows their capitals: nobody can be left out.
    named = _NAMED.format(is_met=has_pieces if kind.has_pieces else is_hit)
    table, at = _ORDERS.get(template, ("", ""))
    only = kind.only.format(at=at)
    is_short = _IS_SHORT.format(table=table, at=at, only=only)
    sql = template.format(named=named, is_hit=is_hit, only=only, is_short=is_short)
    return text(sql).columns(Column("id", BigInteger), Column("at", DateTime(timezone=True)))


_IS_NAMED = "name ~* :pattern"
_IS_NAMED_OR_NUMBERED = f"({_IS_NAMED} OR strpos(number, :digits) > 0)"
_HAS_PIECES = "kiaai_grams(name) @> CAST(:pieces AS text[])"
_HAS_PIECES_OF_EITHER = f"({_HAS_PIECES} OR kiaai_grams(number) @> CAST(:digit_pieces AS text[]))"
_NAMED = "SELECT lead_id, name, number FROM lead_names WHERE {is_met}"
# Whether the walk ended before it had enough, and before it had met all rows.
_IS_SHORT = """CASE WHEN (SELECT count(*) FROM walked) < :most THEN EXISTS (
            SELECT FROM {table} WHERE {only} ORDER BY {at} DESC, id DESC OFFSET :walk LIMIT 1) END"""
# Those looked up are put in order first, as looking closely at a name takes longer than finding its place.
_CONVERSATIONS = """
    WITH walked AS MATERIALIZED (
        SELECT c.id, c.at FROM (
            SELECT id, lead_id, last_message_at AS at FROM conversations WHERE {only}
            ORDER BY last_message_at DESC, id DESC LIMIT :walk) c
        CROSS JOIN LATERAL (SELECT name, number FROM lead_names WHERE lead_id = c.lead_id OFFSET 0) l
        WHERE {is_hit} ORDER BY c.at DESC, c.id DESC LIMIT :most),
    named AS MATERIALIZED ({named} AND {is_short}),
    looked_up AS (
        SELECT id, at FROM (
            SELECT c.id, c.at, name, number FROM named
            CROSS JOIN LATERAL (SELECT id, last_message_at AS at FROM conversations
                WHERE lead_id = named.lead_id AND {only} OFFSET 0) c
            ORDER BY c.at DESC, c.id DESC OFFSET 0) found
        WHERE {is_hit} ORDER BY at DESC, id DESC LIMIT :most)
    SELECT id, at FROM walked UNION SELECT id, at FROM looked_up ORDER BY at DESC, id DESC LIMIT :most"""
_LEADS = """
    WITH walked AS MATERIALIZED (
        SELECT id, at FROM (
            SELECT id, last_contact_at AS at, customer_name AS name, phone_number AS number FROM leads
            WHERE {only} ORDER BY last_contact_at DESC, id DESC LIMIT :walk) l
        WHERE {is_hit} ORDER BY at DESC, id DESC LIMIT :most),
    named AS MATERIALIZED ({named} AND {is_short}),
    looked_up AS (
        SELECT id, at FROM (
            SELECT l.id, l.at, name, number FROM named
            CROSS JOIN LATERAL (SELECT id, last_contact_at AS at FROM leads
                WHERE id = lead_id AND {only} OFFSET 0) l
            ORDER BY l.at DESC, l.id DESC OFFSET 0) found
        WHERE {is_hit} ORDER BY at DESC, id DESC LIMIT :most)
    SELECT id, at FROM walked UNION SELECT id, at FROM looked_up ORDER BY at DESC, id DESC LIMIT :most"""
_FEW = """
    WITH named AS MATERIALIZED ({named})
    SELECT count(*) AS id, NULL AS at FROM (
        SELECT 1 FROM named
        CROSS JOIN LATERAL (SELECT FROM conversations WHERE lead_id = named.lead_id OFFSET 0) c
        WHERE {is_hit} LIMIT :most) few"""
_EVERYBODY = """
    SELECT count(*) AS id, NULL AS at FROM conversations JOIN lead_names USING (lead_id) WHERE {is_hit}"""
_ORDERS = {_CONVERSATIONS: ("conversations", "last_message_at"), _LEADS: ("leads", "last_contact_at")}
