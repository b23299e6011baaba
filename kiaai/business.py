"""What the business is called, where it is and when it is open: what its people set, else the settings."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import Installation
from kiaai.office_hours import OfficeHours, read_hours

# Polls with nothing new cost one query, so what was read is kept. Other processes draw what one of them
# saved after this long at most: tags carry the name and the zone, so every panel then follows by itself.
KEPT_SECONDS = 3.0
_OF_SESSION = "kiaai_business"

Stored = tuple[str | None, str | None, dict[str, Any]]


@dataclass(frozen=True)
class Business:
    """The business as everything draws it and counts by it."""

    name: str
    timezone: str
    hours: OfficeHours

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def is_open(self, at: datetime) -> bool:
        return self.hours.is_open(at, self.zone)

    def next_opening(self, at: datetime) -> datetime | None:
        return self.hours.next_opening(at, self.zone)


class _Kept:
    """The row as this process read it last. One process belongs to one database."""

    def __init__(self) -> None:
        self.row: Stored | None = None
        self.until = 0.0


_kept = _Kept()


def business(settings: Settings) -> Business:
    """Return the business, the same throughout a request: a tag must stand for what is drawn with it."""
    info = db.session().info
    if _OF_SESSION not in info:
        if _kept.row is None or time.monotonic() >= _kept.until:
            _kept.row, _kept.until = _read(), time.monotonic() + KEPT_SECONDS
        info[_OF_SESSION] = _from(_kept.row, settings)
    kept: Business = info[_OF_SESSION]
    return kept


def read_business(settings: Settings) -> Business:
    """Return the business as it stands in the database now, for what acts by it."""
    return _from(_read(), settings)


def forget_business() -> None:
    """Let the next one ask anew. To be called after what was saved is committed."""
    _kept.row = None
    db.session().info.pop(_OF_SESSION, None)


def _read() -> Stored:
    found = db.session.execute(
        select(Installation.business_name, Installation.business_timezone, Installation.office_hours)
    ).one_or_none()
    return (found[0], found[1], found[2]) if found else (None, None, {})


def _from(row: Stored, settings: Settings) -> Business:
    name, timezone, hours = row
    return Business(name or settings.business_name, timezone or settings.business_timezone, read_hours(hours))
