"""Which conversations and leads a search finds: the newest, in milliseconds however many there are.

In one statement: the index over the pieces of all names is asked for a few hits. When there are no more,
these are all. A name that more people have is soon met among those last in contact, so these are walked for a
while; only if that does not find enough, the index is asked for everybody of that name. The planner is left
no choice: it thinks that pieces of a name have nothing to do with each other, and with statistics that are
old or missing it may look at everybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, TextualSelect, text

from kiaai.extensions import db
from kiaai.leads.searching import PIECE, name_pattern, number_digits, pieces
from kiaai.web.paging import Cursor

# So many hits are looked up rather than walked to; to look one up takes as long as to walk past one, 3 us.
_FEW = 1000
# How many rows are walked: for a name that many are known to have, and when nothing is known.
_LONGEST_WALK, _SHORT_WALK = 2000, 600
# Nearly everybody has a given letter or two, or the beginning of a number: the index is not asked first.
_SELECTIVE_DIGITS = 5

# Which rows of a list, by its time and id.
ALL, ABOVE, BELOW = "true", "({at}, id) >= (:at, :id)", "({at}, id) < (:at, :id)"


@dataclass(frozen=True)
class Kind:
    """How a search is made. has_digits, has_pieces: of what is looked for; only: which rows of the list.

    is_selective: it is long enough that only few may have it.
    """

    has_digits: bool
    has_pieces: bool
    is_selective: bool
    only: str = ALL


def kind_of(q: str, only: str = ALL) -> Kind:
    digits, cut = number_digits(q), pieces(q)
    is_long = len(digits) >= _SELECTIVE_DIGITS if digits else any(len(piece) == PIECE for piece in cut)
    return Kind(digits is not None, bool(cut), bool(cut) and is_long, only)


def values_for(q: str, most: int, place: Cursor | None = None) -> dict[str, Any]:
    """Return the parameters of a search for the newest `most` hits."""
    digits = number_digits(q) or ""
    values = {
        "pattern": name_pattern(q),
        "digits": digits,
        "pieces": pieces(q),
        "digit_pieces": pieces(digits),
        "most": most,
        "few": _FEW,
        "walk": _LONGEST_WALK if kind_of(q).is_selective else _SHORT_WALK,
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
    count = find(_counted_few(kind), values)[0]
    return count if count <= exact_up_to else find(_all(kind), values)[0]


@cache
def _counted_few(kind: Kind) -> TextualSelect:
    return _statement(_COUNT_FEW, kind)


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
    parts = {"named": named, "is_hit": is_hit, "only": only, "table": table, "at": at}
    # The index gathers all its hits in any case; the limit saves reading their rows.
    few = f"{named} LIMIT :few + 1" if kind.is_selective else f"{named} AND false"
    is_frequent = "(SELECT count(*) > :few FROM few)" if kind.is_selective else "true"
    sql = template.format(**parts, few=few, is_frequent=is_frequent, is_short=_IS_SHORT.format(**parts))
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
    WITH few AS MATERIALIZED ({few}),
    walked AS MATERIALIZED (
        SELECT c.id, c.at FROM (
            SELECT id, lead_id, last_message_at AS at FROM conversations WHERE {only}
            ORDER BY last_message_at DESC, id DESC LIMIT :walk) c
        CROSS JOIN LATERAL (SELECT name, number FROM lead_names WHERE lead_id = c.lead_id OFFSET 0) l
        WHERE {is_frequent} AND {is_hit} ORDER BY c.at DESC, c.id DESC LIMIT :most),
    named AS MATERIALIZED (
        SELECT * FROM few WHERE NOT {is_frequent}
        UNION ALL {named} AND {is_frequent} AND {is_short}),
    looked_up AS (
        SELECT id, at FROM (
            SELECT c.id, c.at, name, number FROM named
            CROSS JOIN LATERAL (SELECT id, last_message_at AS at FROM conversations
                WHERE lead_id = named.lead_id AND {only} OFFSET 0) c
            ORDER BY c.at DESC, c.id DESC OFFSET 0) found
        WHERE {is_hit} ORDER BY at DESC, id DESC LIMIT :most)
    SELECT id, at FROM walked UNION SELECT id, at FROM looked_up ORDER BY at DESC, id DESC LIMIT :most"""
_LEADS = """
    WITH few AS MATERIALIZED ({few}),
    walked AS MATERIALIZED (
        SELECT id, at FROM (
            SELECT id, last_contact_at AS at, customer_name AS name, phone_number AS number FROM leads
            WHERE {only} ORDER BY last_contact_at DESC, id DESC LIMIT :walk) l
        WHERE {is_frequent} AND {is_hit} ORDER BY at DESC, id DESC LIMIT :most),
    named AS MATERIALIZED (
        SELECT * FROM few WHERE NOT {is_frequent}
        UNION ALL {named} AND {is_frequent} AND {is_short}),
    looked_up AS (
        SELECT id, at FROM (
            SELECT l.id, l.at, name, number FROM named
            CROSS JOIN LATERAL (SELECT id, last_contact_at AS at FROM leads
                WHERE id = lead_id AND {only} OFFSET 0) l
            ORDER BY l.at DESC, l.id DESC OFFSET 0) found
        WHERE {is_hit} ORDER BY at DESC, id DESC LIMIT :most)
    SELECT id, at FROM walked UNION SELECT id, at FROM looked_up ORDER BY at DESC, id DESC LIMIT :most"""
_COUNT_FEW = """
    WITH named AS MATERIALIZED ({named})
    SELECT count(*) AS id, NULL AS at FROM (
        SELECT 1 FROM named
        CROSS JOIN LATERAL (SELECT FROM conversations WHERE lead_id = named.lead_id OFFSET 0) c
        WHERE {is_hit} LIMIT :most) few"""
_EVERYBODY = """
    SELECT count(*) AS id, NULL AS at FROM conversations JOIN lead_names USING (lead_id) WHERE {is_hit}"""
_ORDERS = {_CONVERSATIONS: ("conversations", "last_message_at"), _LEADS: ("leads", "last_contact_at")}
