"""Times as WhatsApp sends them."""

from datetime import UTC, datetime, timedelta
from typing import Any

_AHEAD = timedelta(minutes=10)
# Beyond the year 9999 `datetime` has no word for it.
_LAST_SECOND = 253_402_300_799


def time_of(value: Any, received_at: datetime) -> datetime:
    """Return the time of an item: Unix seconds, as text or number. Result: aware, in UTC.

    What is unreadable, or more than ten minutes ahead, counts as `received_at`.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LAST_SECOND:
        return received_at
    timestamp = datetime.fromtimestamp(value, UTC)
    return received_at if timestamp - received_at > _AHEAD else timestamp
