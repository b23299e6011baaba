"""Which people somebody looks at, and in which order, as the address of the page says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from kiaai.leads.searching import cleaned_search, name_pattern, number_digits
from kiaai.models import Conversation, Lead, LeadFact
from kiaai.models.lead import LEAD_STATUSES, ORIGINS
from kiaai.whatsapp.cleaning import clean_text

SORTS = ("last", "first", "name")
VIEWS = ("table", "board")
# Those whose newest conversation is nobody's, and those who have none.
NOBODY = "none"
_DATES = ("last_from", "last_to", "first_from", "first_to")
_LONGEST_TAG = 50


@dataclass(frozen=True)
class PeopleFilter:
    """Which people, in which order; empty for any. The names are those of the address.

    source: one of ORIGINS. owner: the id of a person of the team, or NOBODY. Dates: `2026-11-23`, both days
    included. way: `back` turns the order around; by itself the newest is first, and A before Z.
    """

    q: str = ""
    status: str = ""
    tag: str = ""
    source: str = ""
    owner: str = ""
    last_from: str = ""
    last_to: str = ""
    first_from: str = ""
    first_to: str = ""
    sort: str = "last"
    way: str = ""
    view: str = "table"

    @classmethod
    def read(cls, args: Mapping[str, str]) -> "PeopleFilter":
        """Read the arguments of an address; what is not known counts as not said."""
        owner = args.get("owner", "").strip()
        return cls(
            q=cleaned_search(args.get("q")),
            status=_one_of(args.get("status"), LEAD_STATUSES),
            tag=" ".join(clean_text(args.get("tag") or "").split())[:_LONGEST_TAG],
            source=_one_of(args.get("source"), ORIGINS),
            owner=owner if owner == NOBODY or _is_id(owner) else "",
            **{name: _day(args.get(name)) for name in _DATES},
            sort=_one_of(args.get("sort"), SORTS) or "last",
            way=_one_of(args.get("way"), ("back",)),
            view=_one_of(args.get("view"), VIEWS) or "table",
        )

    @property
    def address(self) -> dict[str, str]:
        """What its URLs carry; a plain list has plain ones."""
        names = self.__dataclass_fields__
        return {
            name: value for name in names if (value := getattr(self, name)) != getattr(PeopleFilter, name)
        }

    @property
    def query(self) -> str:
        return f"?{urlencode(self.address)}" if self.address else ""

    @property
    def is_narrowed(self) -> bool:
        """Tell whether some people are left out."""
        return any(getattr(self, name) for name in ("q", "status", "tag", "source", "owner", *_DATES))

    def but(self, **parts: str) -> "PeopleFilter":
        """Return the same with other parts: `wanted.but(status="customer")`."""
        return replace(self, **parts)


def selected(wanted: PeopleFilter, zone: tzinfo) -> Select[Lead]:
    """Return all the people meant, in their order. zone: of the dates."""
    people = select(Lead).join(LeadFact, LeadFact.lead_id == Lead.id).where(*conditions(wanted, zone))
    return people.order_by(*ordering(wanted, sort_key(wanted), Lead.id))


def conditions(wanted: PeopleFilter, zone: tzinfo) -> list[ColumnElement[bool]]:
    """Return what must hold for a row of `leads`."""
    return [*bounds(wanted, zone), *_others(wanted, zone, "last")]


def bounds(wanted: PeopleFilter, zone: tzinfo) -> list[ColumnElement[bool]]:
    """Return the conditions that the index of the order by last contact fulfils itself."""
    kept = _between(Lead.last_contact_at, wanted.last_from, wanted.last_to, zone)
    return [*kept, Lead.lead_status == wanted.status] if wanted.status else kept


def rest(wanted: PeopleFilter, zone: tzinfo) -> list[ColumnElement[bool]]:
    """Return the conditions that are to be looked at row by row, in the order wanted."""
    if wanted.sort == "last":
        return _others(wanted, zone, "last")
    return [*bounds(wanted, zone), *_others(wanted, zone, wanted.sort)]


def first_contact_bounds(wanted: PeopleFilter, zone: tzinfo) -> list[ColumnElement[bool]]:
    """Return the condition on the first contact for `lead_facts`, whose index fulfils it."""
    return _between(LeadFact.first_contact_at, wanted.first_from, wanted.first_to, zone)


def sort_key(wanted: PeopleFilter) -> InstrumentedAttribute[Any]:
    """Return the column that the people are ordered by, and by their id after it."""
    if wanted.sort == "last":
        return Lead.last_contact_at
    return LeadFact.first_contact_at if wanted.sort == "first" else LeadFact.name


def is_rising(wanted: PeopleFilter) -> bool:
    return (wanted.sort == "name") != (wanted.way == "back")


def ordering(wanted: PeopleFilter, *columns: Any) -> list[ColumnElement[Any]]:
    return [column.asc() if is_rising(wanted) else column.desc() for column in columns]


def owner_of_lead() -> ColumnElement[int | None]:
    """Return whose the newest conversation of a lead is: a value, as the planner may not make it a join."""
    newest = (Conversation.last_message_at.desc(), Conversation.id.desc())
    theirs = select(Conversation.assignee_id).where(Conversation.lead_id == Lead.id).order_by(*newest)
    return theirs.limit(1).correlate(Lead).scalar_subquery()


def named_like(q: str) -> ColumnElement[bool]:
    """Return the condition for those whose name or number holds what is searched for."""
    is_named = Lead.customer_name.op("~*", is_comparison=True)(name_pattern(q))
    digits = number_digits(q)
    return or_(is_named, func.strpos(Lead.phone_number, digits) > 0) if digits else is_named


def _others(wanted: PeopleFilter, zone: tzinfo, sort: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if sort != "first":
        found += _between(Lead.first_contact_at, wanted.first_from, wanted.first_to, zone)
    if wanted.tag:
        found.append(literal(wanted.tag) == func.any(Lead.tags))
    if wanted.source:
        origin = select(LeadFact.origin).where(LeadFact.lead_id == Lead.id).correlate(Lead)
        found.append(origin.scalar_subquery() == wanted.source)
    if wanted.q:
        found.append(named_like(wanted.q))
    if wanted.owner:
        owner = owner_of_lead()
        found.append(owner.is_(None) if wanted.owner == NOBODY else owner == int(wanted.owner))
    return found


def _between(
    column: InstrumentedAttribute[datetime], first: str, last: str, zone: tzinfo
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if first:
        found.append(column >= _begin(date.fromisoformat(first), zone))
    if last:
        found.append(column < _begin(date.fromisoformat(last) + timedelta(days=1), zone))
    return found


def _begin(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _day(raw: str | None) -> str:
    try:
        day = date.fromisoformat((raw or "").strip())
    except ValueError:
        return ""
    # Beyond these a zone or the day after it has no date.
    return day.isoformat() if 1900 <= day.year <= 9000 else ""


def _one_of(raw: str | None, known: Sequence[str]) -> str:
    return raw if raw and raw in known else ""


def _is_id(raw: str) -> bool:
    return raw.isascii() and raw.isdigit() and len(raw) < 19
