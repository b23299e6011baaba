"""The table and the board of people: pages by keyset, in milliseconds however many people there are.

What few people have is looked up, by the index of the filter that finds them. What many have is soon met in
the wanted order, so that is walked for a while; only if that does not find enough, everybody is asked. The
planner is left no choice in the first two, which are nearly all: it thinks that filters have nothing to do
with each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    cast,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased, joinedload

from kiaai.extensions import db
from kiaai.inbox.queries import OfferedTag
from kiaai.inbox.timeline import known_tags
from kiaai.leads import hits
from kiaai.leads.filters import (
    NOBODY,
    PeopleFilter,
    bounds,
    conditions,
    first_contact_bounds,
    is_rising,
    ordering,
    rest,
    sort_key,
)
from kiaai.leads.searching import number_digits, pieces
from kiaai.models import Conversation, Lead, LeadFact, LeadName, LeadTag, User
from kiaai.models.lead import LEAD_STATUSES
from kiaai.web.paging import KeyCursor

PAGE_ROWS = 50
COLUMN_CARDS = 20
# Of a column only so many are counted: 99+ is said beyond.
COUNT_LIMIT = 100
# So many people are looked up rather than walked to, and so many are walked.
_FEW, _WALK = 1000, 2000

_Place = tuple[int, Any]


@dataclass(frozen=True)
class Person:
    """A row: the lead, how they came (one of ORIGINS), their newest conversation, and whose that is."""

    lead: Lead
    origin: str
    conversation: Conversation | None

    @property
    def owner(self) -> User | None:
        return self.conversation.assignee if self.conversation else None


@dataclass(frozen=True)
class PeoplePage:
    """Some people, and where the next ones begin; None at the end. count: of all, up to COUNT_LIMIT."""

    people: list[Person]
    next: KeyCursor | None
    count: int = 0


def find_page(
    wanted: PeopleFilter, zone: tzinfo, before: KeyCursor | None = None, limit: int = PAGE_ROWS
) -> PeoplePage:
    """Return the people from the top, or after a place. zone: of the dates in the filter."""
    return _page(_places(wanted, zone, before, limit + 1), limit)


def find_columns(
    wanted: PeopleFilter, zone: tzinfo, shown: dict[str, int] | None = None
) -> dict[str, PeoplePage]:
    """Return the top of each column of the board, with its count. shown: how many cards, by status."""
    found = {}
    # Whom the other filters let through is the same for each column.
    few = _few(wanted.but(status="", sort="last", way=""), zone)
    for status in LEAD_STATUSES:
        limit = max((shown or {}).get(status, 0), COLUMN_CARDS)
        in_column = wanted.but(status=status, sort="last", way="")
        places = _places_among(few, in_column, zone, None, max(limit + 1, COUNT_LIMIT))
        found[status] = _page(places, limit)
    return found


def each_page(wanted: PeopleFilter, zone: tzinfo, limit: int = 1000) -> Iterator[list[Lead]]:
    """Give all the people meant, a page at a time; whoever asks may end the transaction in between."""
    before: KeyCursor | None = None
    while True:
        places = _places(wanted, zone, before, limit + 1)
        leads = _leads([lead_id for lead_id, _ in places[:limit]])
        if leads:
            yield leads
        if len(places) <= limit:
            return
        before = _cursor(places[limit - 1])


def find_people(ids: Sequence[int]) -> list[Person]:
    """Return these people with their newest conversations, in this order; one that is gone is left out."""
    if not ids:
        return []
    newest = (Conversation.last_message_at.desc(), Conversation.id.desc())
    theirs = select(Conversation).where(Conversation.lead_id == Lead.id).order_by(*newest).limit(1).lateral()
    conversation = aliased(Conversation, theirs)
    rows = select(Lead, LeadFact.origin, conversation).join(LeadFact, LeadFact.lead_id == Lead.id)
    rows = rows.outerjoin(conversation, true())
    rows = rows.options(joinedload(conversation.assignee)).where(Lead.id == func.any(_array(ids)))
    found = {lead.id: Person(lead, origin, theirs) for lead, origin, theirs in db.session.execute(rows)}
    return [found[lead_id] for lead_id in ids if lead_id in found]


def offered_tags(ids: Sequence[int]) -> list[OfferedTag]:
    """Return the tags to choose from, and whether all or some of these people have each."""
    worn = [
        set(tags) for tags in db.session.scalars(select(Lead.tags).where(Lead.id == func.any(_array(ids))))
    ]
    return [
        OfferedTag(
            name,
            colour,
            on_all=bool(worn) and all(name in tags for tags in worn),
            on_some=any(name in tags for tags in worn),
        )
        for name, colour in known_tags().items()
    ]


def has_people() -> bool:
    """Tell whether there is anybody: an empty page explains itself."""
    return bool(db.session.scalar(select(exists().where(Lead.id > 0))))


def _page(places: list[_Place], limit: int) -> PeoplePage:
    drawn = places[:limit]
    after = _cursor(drawn[-1]) if len(places) > limit else None
    return PeoplePage(find_people([lead_id for lead_id, _ in drawn]), after, min(len(places), COUNT_LIMIT))


def _leads(ids: list[int]) -> list[Lead]:
    found = {
        lead.id: lead for lead in db.session.scalars(select(Lead).where(Lead.id == func.any(_array(ids))))
    }
    return [found[lead_id] for lead_id in ids if lead_id in found]


def _cursor(place: _Place) -> KeyCursor:
    lead_id, key = place
    return KeyCursor(key.isoformat() if isinstance(key, datetime) else key, lead_id)


def _places(wanted: PeopleFilter, zone: tzinfo, before: KeyCursor | None, most: int) -> list[_Place]:
    """Return ids and sort keys of at most so many people."""
    return _places_among(_few(wanted, zone), wanted, zone, before, most)


def _places_among(
    few: list[int] | None, wanted: PeopleFilter, zone: tzinfo, before: KeyCursor | None, most: int
) -> list[_Place]:
    if few is not None:
        return _run(_looked_up(wanted, zone, before, few), most)
    if not rest(wanted, zone):
        return _run(_in_order(wanted, zone, before), most)
    walk = max(_WALK, 2 * most)
    found = _run(_walked(wanted, zone, before, walk), most)
    return found if len(found) == most else _run(_of_everybody(wanted, zone, before), most)


def _run(places: Select[Any], most: int) -> list[_Place]:
    return [(row[0], row[1]) for row in db.session.execute(places.limit(most))]


def _few(wanted: PeopleFilter, zone: tzinfo) -> list[int] | None:
    """Return everybody whom one of the filters lets through, when they are few."""
    for having in _finders(wanted, zone, only_selective=True):
        ids = list(db.session.scalars(having.limit(_FEW + 1)))
        if len(ids) <= _FEW:
            return list(dict.fromkeys(ids))
    return None


def _finders(wanted: PeopleFilter, zone: tzinfo, only_selective: bool) -> Iterator[Select[Any]]:
    """Give for each filter that has an index those whom it lets through; the likely fewest first."""
    if wanted.q:
        kind = hits.kind_of(wanted.q)
        if kind.has_pieces and (kind.is_selective or not only_selective):
            yield _named(wanted.q)
    if wanted.tag:
        yield select(LeadTag.lead_id).where(LeadTag.tag == wanted.tag).order_by(LeadTag.lead_id)
    if wanted.owner and wanted.owner != NOBODY:
        yield _owned(int(wanted.owner))
    if wanted.source:
        yield select(LeadFact.lead_id).where(LeadFact.origin == wanted.source).order_by(LeadFact.lead_id)
    if wanted.sort == "last":
        of_dates = first_contact_bounds(wanted, zone)
        if of_dates:
            yield select(LeadFact.lead_id).where(*of_dates).order_by(LeadFact.first_contact_at)
    elif of_leads := bounds(wanted, zone):
        yield select(Lead.id).where(*of_leads).order_by(Lead.last_contact_at.desc(), Lead.id.desc())
    if wanted.sort == "name" and (of_dates := first_contact_bounds(wanted, zone)):
        yield select(LeadFact.lead_id).where(*of_dates).order_by(LeadFact.first_contact_at)


def _named(q: str) -> Select[Any]:
    """Ask the index over the pieces of names and numbers; `named_like` looks closely."""
    has_pieces: ColumnElement[bool] = func.kiaai_grams(LeadName.name).op("@>")(cast(pieces(q), ARRAY(Text)))
    if digits := number_digits(q):
        of_number = func.kiaai_grams(LeadName.number).op("@>")(cast(pieces(digits), ARRAY(Text)))
        has_pieces = has_pieces | of_number
    return select(LeadName.lead_id).where(has_pieces)


def _owned(user_id: int) -> Select[Any]:
    """Ask the two indexes over whose conversations are, each in its own order, so that it is taken."""
    theirs = select(Conversation.lead_id).where(Conversation.assignee_id == user_id)
    newest = (Conversation.last_message_at.desc(), Conversation.id.desc())
    others = theirs.where(Conversation.state != "closed").order_by(*newest)
    closed = theirs.where(Conversation.state == "closed").order_by(Conversation.lead_id)
    # OFFSET 0 keeps the order of each, though that of both together does not matter.
    parts = [select(part.offset(0).subquery().c.lead_id) for part in (others, closed)]
    return select(union_all(*parts).subquery().c.lead_id)


def _in_order(wanted: PeopleFilter, zone: tzinfo, before: KeyCursor | None) -> Select[Any]:
    """Return the ids in the order of the index that has it."""
    row_id: Any = Lead.id if wanted.sort == "last" else LeadFact.lead_id
    key = sort_key(wanted)
    places = select(row_id.label("id"), key.label("key")).order_by(*ordering(wanted, key, row_id))
    if wanted.sort == "last":
        places = places.where(*bounds(wanted, zone))
    elif wanted.sort == "first":
        places = places.where(*first_contact_bounds(wanted, zone))
    return places.where(*_after(wanted, key, row_id, before))


def _walked(wanted: PeopleFilter, zone: tzinfo, before: KeyCursor | None, walk: int) -> Select[Any]:
    walked = _in_order(wanted, zone, before).limit(walk).subquery("walked")
    # OFFSET 0 keeps the planner from making it a join of all with all.
    fits = select(Lead.id).where(Lead.id == walked.c.id, *rest(wanted, zone)).offset(0).lateral("fits")
    places = select(walked.c.id, walked.c.key).select_from(walked.join(fits, true()))
    return places.order_by(*ordering(wanted, walked.c.key, walked.c.id))


def _looked_up(wanted: PeopleFilter, zone: tzinfo, before: KeyCursor | None, ids: list[int]) -> Select[Any]:
    asked = select(func.unnest(_array(ids)).label("id")).subquery("asked")
    fits = _keyed(wanted).where(Lead.id == asked.c.id, *conditions(wanted, zone)).offset(0).lateral("fits")
    return _ordered(wanted, before, fits, select(fits.c.id, fits.c.key).select_from(asked.join(fits, true())))


def _of_everybody(wanted: PeopleFilter, zone: tzinfo, before: KeyCursor | None) -> Select[Any]:
    fits = _keyed(wanted).where(*conditions(wanted, zone))
    for having in _finders(wanted, zone, only_selective=False):
        fits = fits.where(Lead.id.in_(having.order_by(None)))
    # OFFSET 0 keeps the planner from walking the order, hoping to meet enough soon: that was tried.
    inner = fits.offset(0).subquery("fits")
    return _ordered(wanted, before, inner, select(inner.c.id, inner.c.key))


def _keyed(wanted: PeopleFilter) -> Select[Any]:
    keyed = select(Lead.id.label("id"), sort_key(wanted).label("key"))
    if wanted.sort == "last":
        return keyed
    return keyed.join(LeadFact, LeadFact.lead_id == Lead.id)


def _ordered(wanted: PeopleFilter, before: KeyCursor | None, rows: Any, places: Select[Any]) -> Select[Any]:
    places = places.where(*_after(wanted, rows.c.key, rows.c.id, before))
    return places.order_by(*ordering(wanted, rows.c.key, rows.c.id))


def _after(
    wanted: PeopleFilter, key: Any, row_id: Any, before: KeyCursor | None
) -> list[ColumnElement[bool]]:
    if before is None:
        return []
    at: Any = before.key if wanted.sort == "name" else before.at
    place: Any = tuple_(key, row_id)
    return [place > tuple_(at, before.id) if is_rising(wanted) else place < tuple_(at, before.id)]


def _array(ids: Sequence[int]) -> Any:
    return literal(list(ids), ARRAY(BigInteger))
