"""Pages of long lists: a limit, and an opaque cursor that names the last row of the page before."""

import base64
import json
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from kiaai.errors import ValidationFailed
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
LONGEST = 200
# Sixty letters of a name, each written as its number.
LONGEST_KEY = 1200


class Cursor(NamedTuple):
    """A place in a list that is ordered by a time and an id, newest first."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return _packed(self.at.isoformat(), self.id)


class Place(NamedTuple):
    """A place in a list of several sections, each ordered by a time and an id."""

    section: int
    at: datetime
    id: int

    def __str__(self) -> str:
        return _packed(self.section, self.at.isoformat(), self.id)


class KeyCursor(NamedTuple):
    """A place in a list that is ordered by a key and an id. key: a text, or a time as ISO 8601 has it."""

    key: str
    id: int

    @property
    def at(self) -> datetime:
        """The key as a time. Raises ValidationFailed naming `before`: it was made for another order."""
        try:
            at = datetime.fromisoformat(self.key)
        except ValueError:
            raise _refused() from None
        return at if at.tzinfo is not None else _refuse()

    def __str__(self) -> str:
        return _packed(self.key, self.id)


def read_cursor(raw: str | None) -> Cursor | None:
    """Return the place after which to go on. Raises ValidationFailed naming `before`."""
    if not raw:
        return None
    try:
        at, row_id = _unpacked(raw)
        cursor = Cursor(datetime.fromisoformat(at), row_id)
    except (ValueError, TypeError):
        raise _refused() from None
    return cursor if _is_sound(cursor.at, cursor.id) else _refuse()


def read_place(raw: str | None) -> Place | None:
    """Return the place after which to go on. Raises ValidationFailed naming `before`."""
    if not raw:
        return None
    try:
        section, at, row_id = _unpacked(raw)
        place = Place(section, datetime.fromisoformat(at), row_id)
    except (ValueError, TypeError):
        raise _refused() from None
    return place if _is_count(place.section) and _is_sound(place.at, place.id) else _refuse()


def read_key_cursor(raw: str | None) -> KeyCursor | None:
    """Return the place after which to go on. Raises ValidationFailed naming `before`."""
    if not raw:
        return None
    try:
        key, row_id = _unpacked(raw, LONGEST_KEY)
    except (ValueError, TypeError):
        raise _refused() from None
    is_sound = isinstance(key, str) and key == clean_text(key) and _is_count(row_id)
    return KeyCursor(key, row_id) if is_sound else _refuse()


def older_than(
    at: InstrumentedAttribute[datetime], row_id: InstrumentedAttribute[int], cursor: Cursor
) -> ColumnElement[bool]:
    """Return the condition for rows that come after the cursor, newest first; an index on both serves it."""
    condition: Any = tuple_(at, row_id) < tuple_(cursor.at, cursor.id)
    return condition  # type: ignore[no-any-return]  # a comparison of tuples is untyped


def _packed(*parts: object) -> str:
    content = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _unpacked(raw: str, longest: int = LONGEST) -> Any:
    """Return what was packed, or anything that was made up. Raises ValueError when it is nothing."""
    # Ours are short; a long one may be nested deeper than a parser bears.
    raw = raw[:longest]
    return json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))


def _is_sound(at: datetime, row_id: Any) -> bool:
    return _is_count(row_id) and at.tzinfo is not None


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**63


def _refuse() -> NoReturn:
    raise _refused()


def _refused() -> ValidationFailed:
    reason = lazy("Must be the `next` of an earlier page.")
    return ValidationFailed(lazy("Some of what was sent does not fit."), {"before": [reason]})
