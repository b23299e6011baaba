"""The rows of the list in SQL: those of a tab, or what a search finds, from the top or from a place on.

Rows of leads with a certain status or tag are looked up when few leads have it. What many have is soon met
among the newest rows, so these are walked for a while; only if that does not find enough, all leads that
have it are asked. As with `leads.hits`, the planner is left no choice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiaai.inbox.list_filter import ListFilter
from kiaai.inbox.tabs import Section, in_tab, sections_of
from kiaai.leads import hits
from kiaai.models.conversation import WINDOW
from kiaai.web.paging import Cursor, Place

# So many leads are looked up rather than walked to, and so many rows are walked.
_FEW, _LONGEST_WALK = 1000, 2000

# Which rows, by a place.
ALL, DOWN_TO, BELOW = "all", "down_to", "below"
_OF_HITS = {ALL: hits.ALL, DOWN_TO: hits.ABOVE, BELOW: hits.BELOW}


@dataclass(frozen=True)
class Shape:
    """What decides how a list is asked for. section: that of the place, for all spans but ALL.

    most: so many rows; a plan is made for that number.
    """

    tab: str
    order: str
    search: hits.Kind | None
    has_status: bool
    has_tag: bool
    span: str
    section: int
    most: int

    @property
    def is_filtered(self) -> bool:
        return self.has_status or self.has_tag


def shape_of(wanted: ListFilter, span: str, place: Place | None, most: int) -> Shape:
    """Return the shape for at most so many rows; a place from another order counts for its last section."""
    search = hits.kind_of(wanted.q, _OF_HITS[span]) if wanted.q else None
    last = len(sections_of(wanted.tab, wanted.order)) - 1
    section = min(place.section, last) if place else 0
    if search:
        return Shape("all", "newest", search, False, False, span, 0, most)
    has_status, has_tag = bool(wanted.status), bool(wanted.tag)
    return Shape(wanted.tab, wanted.order, None, has_status, has_tag, span, section, most)


def values_for(wanted: ListFilter, place: Place | None, most: int, now: datetime) -> dict[str, Any]:
    """Return the parameters of `listed` for at most so many rows."""
    values: dict[str, Any] = {"now": now, "horizon": now - WINDOW}
    if wanted.q:
        return values | hits.values_for(wanted.q, most, Cursor(place.at, place.id) if place else None)
    if wanted.status or wanted.tag:
        values |= {"status": wanted.status, "tag": wanted.tag, "few": _FEW, "walk": _LONGEST_WALK}
    return values | {"at": place.at, "id": place.id} if place else values


def listed(shape: Shape) -> str:
    """Return CTEs that end in `listed`: section, at and id, the rank from 1, and what the drawing depends on.

    Before them stands one named `viewer`.
    """
    if shape.search:
        found = str(hits.conversation_hits(shape.search).element)
        return f"found AS MATERIALIZED ({found}), {_FOUND}"
    sections = sections_of(shape.tab, shape.order)
    parts = [_few(shape)] if shape.is_filtered else []
    for number, section in enumerate(sections):
        parts += _section(shape, number, section)
    ranked = " UNION ALL ".join(_ranked(number, section) for number, section in enumerate(sections))
    return ", ".join([*parts, _LISTED.format(ranked=ranked, most=shape.most)])


_COLUMNS = "id, {key} AS at, concat_ws(':', id, version, coalesce(bot_quiet_until > :now, false)) AS sign"
_BY_LAST_MESSAGE = _COLUMNS.format(key="last_message_at")
_FOUND = f"""listed AS MATERIALIZED (
        SELECT 0 AS section, c.*, row_number() OVER (ORDER BY c.at DESC, c.id DESC) AS rank
        FROM found CROSS JOIN LATERAL (
            SELECT {_BY_LAST_MESSAGE} FROM conversations WHERE id = found.id OFFSET 0) c)"""
_LISTED = """listed AS MATERIALIZED (
        SELECT section, at, id, sign, row_number() OVER (ORDER BY section, place) AS rank
        FROM ({ranked}) ranked ORDER BY section, place LIMIT {most})"""
_PLAIN = """s{n} AS MATERIALIZED (
        SELECT {columns} FROM conversations WHERE {rows} AND {is_wanted} ORDER BY {order} LIMIT {most})"""
_HAS_MANY = "(SELECT count(*) > :few FROM few)"
_WALKED = """w{n} AS MATERIALIZED (
        SELECT {columns} FROM (
            SELECT * FROM conversations WHERE {rows} ORDER BY {order} LIMIT :walk) conversations
        WHERE {is_wanted} AND {has_many} AND {fits} ORDER BY {order} LIMIT {most})"""
# Whether the walk ended before it had enough, and before it had met all rows.
_IS_SHORT = """{is_wanted} AND {has_many} AND CASE WHEN (SELECT count(*) FROM w{n}) < {most} THEN EXISTS (
            SELECT FROM conversations WHERE {rows} ORDER BY {order} OFFSET :walk LIMIT 1) ELSE false END"""
_LOOKED_UP = """l{n} AS MATERIALIZED (
        SELECT lead_id FROM few WHERE {is_wanted} AND NOT {has_many}
        UNION ALL SELECT lead_id FROM ({leads}) everybody WHERE {is_short}),
    s{n} AS MATERIALIZED (
        SELECT * FROM w{n} WHERE NOT EXISTS (SELECT FROM l{n})
        UNION ALL
        (SELECT {columns} FROM l{n} CROSS JOIN LATERAL (
            SELECT * FROM conversations WHERE conversations.lead_id = l{n}.lead_id AND {rows} OFFSET 0
            ) conversations
        WHERE {fits} ORDER BY {order} LIMIT {most}))"""


def _section(shape: Shape, number: int, section: Section) -> Iterator[str]:
    """Give what finds the rows of one section; nothing is looked for when those above are enough."""
    above = " + ".join(f"(SELECT count(*) FROM s{each})" for each in range(number))
    parts = {
        "n": number,
        "columns": _COLUMNS.format(key=section.key),
        "rows": f"{in_tab(shape.tab)} AND {section.only} AND {_bound(shape, number, section)}",
        "order": section.order,
        "is_wanted": f"{above} < {shape.most}" if above else "true",
        "most": shape.most,
    }
    if not shape.is_filtered:
        yield _PLAIN.format(**parts)
        return
    parts |= {"has_many": _HAS_MANY, "fits": _fits(shape), "leads": _leads(shape)}
    yield _WALKED.format(**parts)
    yield _LOOKED_UP.format(**parts, is_short=_IS_SHORT.format(**parts))


def _bound(shape: Shape, number: int, section: Section) -> str:
    """Return the condition for those rows of a section that lie on the wanted side of the place."""
    if shape.span == ALL:
        return "true"
    if number == shape.section:
        return section.below if shape.span == BELOW else section.down_to
    return "true" if (number > shape.section) == (shape.span == BELOW) else "false"


def _ranked(number: int, section: Section) -> str:
    way = "" if section.is_rising else " DESC"
    place = f"row_number() OVER (ORDER BY at{way}, id{way}) AS place"
    return f"SELECT {number} AS section, at, id, sign, {place} FROM s{number}"


def _few(shape: Shape) -> str:
    """Ask for the leads, and for one more than are few; by tag, as fewer have one."""
    order = "lead_id" if shape.has_tag else "last_contact_at DESC, id DESC"  # that of the index, to take it
    return f"few AS MATERIALIZED ({_leads(shape)} ORDER BY {order} LIMIT :few + 1)"


def _leads(shape: Shape) -> str:
    if shape.has_tag:
        return "SELECT lead_id FROM lead_tags WHERE tag = :tag"
    return "SELECT id AS lead_id FROM leads WHERE lead_status = :status"


def _fits(shape: Shape) -> str:
    """Ask the lead of a row by its key: a value, as the planner may not turn it into a join."""
    asked = ["lead_status = :status"] * shape.has_status + [":tag = ANY (tags)"] * shape.has_tag
    return f"(SELECT {' AND '.join(asked)} FROM leads WHERE leads.id = conversations.lead_id)"
