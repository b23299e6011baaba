"""The business as a form: read what is stored, check what was written, keep it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.dialects.postgresql import insert

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import Installation
from kiaai.office_hours import CLOSED_DAYS, WEEKDAYS, find_day, minutes
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text, one_line

NAME_LIMIT = 100
MOST_RANGES = 4
MOST_CLOSED_DAYS = 60
_WORKING_DAYS = (2, 3, 4, 5)

Written = tuple[str, str]


@dataclass(frozen=True)
class BusinessForm:
    """What stands in the fields, right or wrong. name and timezone: empty for those of the settings."""

    name: str = ""
    timezone: str = ""
    hours: Mapping[int, Sequence[Written]] = field(default_factory=dict)
    closed: Sequence[str] = ()

    def with_monday_all_week(self) -> "BusinessForm":
        """Return the form with Monday's hours from Tuesday to Friday as well."""
        return replace(self, hours={**self.hours, **{day: self.hours.get(1, ()) for day in _WORKING_DAYS}})


@cache
def zones() -> list[str]:
    """Return the names of the zones that places have, in their order."""
    places = [name for name in available_timezones() if "/" in name and not name.startswith("Etc/")]
    return sorted([*places, "UTC"])


def read_form() -> BusinessForm:
    """Return what is stored."""
    found = db.session.get(Installation, 1)
    if found is None:
        return BusinessForm()
    hours: dict[str, Any] = found.office_hours
    return BusinessForm(
        name=found.business_name or "",
        timezone=found.business_timezone or "",
        hours={day: [(pair[0], pair[1]) for pair in hours.get(str(day), ())] for day in WEEKDAYS},
        closed=hours.get(CLOSED_DAYS, ()),
    )


def save_business(form: BusinessForm) -> None:
    """Keep the form. Raises ValidationFailed naming `name`, `timezone`, `hours-<weekday>` or `closed`."""
    errors: dict[str, list[str]] = {}
    name = one_line(clean_text(form.name), NAME_LIMIT + 1)
    if len(name) > NAME_LIMIT:
        errors["name"] = [lazy("At most %(limit)s characters.", limit=NAME_LIMIT)]
    if form.timezone and form.timezone not in zones():
        errors["timezone"] = [lazy("Choose a zone of the list, such as America/Santiago.")]
    hours: dict[str, Any] = {}
    for weekday, written in form.hours.items():
        _keep(hours, errors, str(weekday), f"hours-{weekday}", _checked_ranges, written)
    _keep(hours, errors, CLOSED_DAYS, "closed", _checked_days, form.closed)
    if errors:
        raise ValidationFailed(lazy("Some of what was sent does not fit."), errors)
    _store(name or None, form.timezone or None, hours)


def _keep(
    hours: dict[str, Any], errors: dict[str, list[str]], key: str, name: str, check: Any, raw: Any
) -> None:
    try:
        if found := check(raw):
            hours[key] = found
    except ValidationFailed as refused:
        errors[name] = [refused.message]


def _checked_ranges(written: Sequence[Written]) -> list[list[str]]:
    """Return the ranges in their order; those left empty are none."""
    pairs = sorted((start, end) for start, end in written if start or end)
    last = -1
    for start, end in pairs:
        begins, ends = minutes(start), minutes(end, is_end=True)
        if begins is None or ends is None:
            raise ValidationFailed(lazy("Give both times of each range, such as 09:00 and 18:00."))
        if begins >= ends:
            raise ValidationFailed(lazy("A range ends after it begins; at midnight it ends at 00:00."))
        if begins < last:
            raise ValidationFailed(lazy("Two ranges of this day overlap."))
        last = ends
    if len(pairs) > MOST_RANGES:
        raise ValidationFailed(lazy("At most %(limit)s ranges a day.", limit=MOST_RANGES))
    return [[start, end] for start, end in pairs]


def _checked_days(written: Sequence[str]) -> list[str]:
    days = sorted({day.strip() for day in written if day.strip()})
    if not all(find_day(day) for day in days):
        raise ValidationFailed(lazy("Give each day as a date, such as 2026-12-25."))
    if len(days) > MOST_CLOSED_DAYS:
        raise ValidationFailed(lazy("At most %(limit)s days.", limit=MOST_CLOSED_DAYS))
    return days


def _store(name: str | None, timezone: str | None, hours: dict[str, Any]) -> None:
    values = {"business_name": name, "business_timezone": timezone, "office_hours": hours}
    row = insert(Installation).values(id=1, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
