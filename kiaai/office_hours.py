"""When the business is open, by the clock on its own wall. Pure: no table, no request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = range(1, 8)
CLOSED_DAYS = "closed"
# So far ahead an opening is looked for; a business closed for longer gives no day.
_LOOK_AHEAD_DAYS = 60
_END_OF_DAY = 24 * 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")

Range = tuple[int, int]


@dataclass(frozen=True)
class OfficeHours:
    """Opening times by ISO weekday, in minutes of the day; no weekday at all means always open.

    closed: days on which nobody is there, whatever the weekday says.
    """

    days: Mapping[int, tuple[Range, ...]] = field(default_factory=dict)
    closed: frozenset[date] = frozenset()

    @property
    def is_always_open(self) -> bool:
        return not self.days and not self.closed

    def is_open(self, at: datetime, zone: ZoneInfo) -> bool:
        """Tell whether somebody is there at this moment."""
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self._ranges_on(local.date()))

    def next_opening(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when it opens next, in the zone; None when that is further off than two months."""
        today = at.astimezone(zone).date()
        for day in (today + timedelta(days=ahead) for ahead in range(_LOOK_AHEAD_DAYS)):
            for start, _ in self._ranges_on(day):
                opens = _moment(day, start, zone)
                if opens > at:
                    return opens
        return None

    def _ranges_on(self, day: date) -> tuple[Range, ...]:
        if day in self.closed:
            return ()
        return self.days.get(day.isoweekday(), ()) if self.days else ((0, _END_OF_DAY),)


def read_hours(stored: Mapping[str, Any]) -> OfficeHours:
    """Return the hours as `installation.office_hours` keeps them; what cannot be read is left out."""
    days = {}
    for weekday in WEEKDAYS:
        pairs = (pair for pair in stored.get(str(weekday), ()) if len(pair) == 2)
        ranges = [(minutes(start), minutes(end, is_end=True)) for start, end in pairs]
        if sound := tuple(sorted((a, b) for a, b in ranges if a is not None and b is not None and a < b)):
            days[weekday] = sound
    closed = frozenset(day for raw in stored.get(CLOSED_DAYS, ()) if (day := find_day(raw)))
    return OfficeHours(days, closed)


def minutes(clock: str, is_end: bool = False) -> int | None:
    """Return the minute of the day of `HH:MM`, None for anything else. As an end 00:00 is midnight."""
    found = _CLOCK.fullmatch(clock)
    if not found:
        return None
    minute = int(found[1]) * 60 + int(found[2])
    return _END_OF_DAY if is_end and minute == 0 else minute


def find_day(raw: str) -> date | None:
    """Return the day of `YYYY-MM-DD`, None for anything else."""
    try:
        return date.fromisoformat(raw) if len(raw) == 10 else None
    except ValueError:
        return None


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return a time on the wall as a moment. One that the change of clocks leaves out is that much later."""
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return wall.astimezone(UTC).astimezone(zone)
