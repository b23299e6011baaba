"""Pages of long lists: a limit, and an opaque cursor that names the last row of the page before."""

import base64
import binascii
import json
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from kiaai.errors import ValidationFailed

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200
LONGEST = 200


class Cursor(NamedTuple):
    """A place in a list that is ordered by a time and an id, newest first."""

    at: datetime
    id: int

    def __str__(self) -> str:
        content = json.dumps([self.at.isoformat(), self.id], separators=(",", ":"))
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_cursor(raw: str | None) -> Cursor | None:
    """Return the place after which to go on. Raises ValidationFailed naming `before`."""
    if not raw:
        return None
    try:
        # Ours are short; a long one may be nested deeper than a parser bears.
        at, row_id = json.loads(base64.urlsafe_b64decode(raw[:LONGEST] + "=" * (-len(raw[:LONGEST]) % 4)))
        cursor = Cursor(datetime.fromisoformat(at), row_id)
    except (binascii.Error, ValueError, TypeError):
        cursor = None
    if cursor is None or not _is_sound(cursor):
        reason = "Must be the `next` of an earlier page."
        raise ValidationFailed("Some of what was sent does not fit.", {"before": [reason]})
    return cursor


def older_than(
    at: InstrumentedAttribute[datetime], row_id: InstrumentedAttribute[int], cursor: Cursor
) -> ColumnElement[bool]:
    """Return the condition for rows that come after the cursor, newest first; an index on both serves it."""
    condition: Any = tuple_(at, row_id) < tuple_(cursor.at, cursor.id)
    return condition  # type: ignore[no-any-return]  # a comparison of tuples is untyped


def _is_sound(cursor: Cursor) -> bool:
    is_id = isinstance(cursor.id, int) and not isinstance(cursor.id, bool) and 0 <= cursor.id < 2**63
    return is_id and cursor.at.tzinfo is not None
