"""Statuses of our own messages: reading one, and folding many to one per message."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kiaai.whatsapp.cleaning import Item, line_at, list_at, text_at
from kiaai.whatsapp.events import FoldedStatus, StatusChange

# "delivered" is skipped when the chat was open, and "failed" can come after it: more devices than one.
RANK: Mapping[str, int] = {"sent": 1, "failed": 2, "delivered": 3, "read": 4, "played": 5}
_LARGEST_CODE = 2**31 - 1


def fold_statuses(statuses: Iterable[StatusChange]) -> tuple[FoldedStatus, ...]:
    """Return one status per message: the highest, the earliest time of each, any send key, any error."""
    groups: dict[tuple[str, str], list[StatusChange]] = {}
    for status in statuses:
        groups.setdefault((status.phone_number_id, status.wamid), []).append(status)
    return tuple(_folded(group) for group in groups.values())


def _folded(group: list[StatusChange]) -> FoldedStatus:
    highest = max(group, key=lambda status: RANK[status.status])
    failed = next((s for s in group if s.error_code is not None or s.error_text is not None), None)
    return FoldedStatus(
        phone_number_id=highest.phone_number_id,
        wamid=highest.wamid,
        status=highest.status,
        times=_earliest(group),
        send_key=next((s.send_key for s in group if s.send_key), None),
        recipient=next((s.recipient for s in group if s.recipient), None),
        error_code=failed.error_code if failed else None,
        error_text=failed.error_text if failed else None,
        pricing=next((s.pricing for s in group if s.pricing), None),
    )


def _earliest(group: list[StatusChange]) -> dict[str, datetime]:
    times: dict[str, datetime] = {}
    for status in group:
        times[status.status] = min(status.timestamp, times.get(status.status, status.timestamp))
    return times


def send_key_of(text: str | None) -> str | None:
    """Return the callback data when it is a uuid of ours; other programs may put anything there."""
    if text is None or len(text) != 36:
        return None
    try:
        key = str(UUID(text))
    except ValueError:
        return None
    return key if key == text.lower() else None


def first_error(item: Item) -> tuple[int | None, str | None]:
    """Return code and "title: details" of the first readable error of an item."""
    for error in list_at(item, "errors"):
        if isinstance(error, dict):
            return code_of(error.get("code")), _error_text(error)
    return None, None


def code_of(value: Any) -> int | None:
    """Return an error code that came as number or digits; None when it is neither, or beyond 32 bits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    is_code = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_CODE
    return value if is_code else None


def details_of(error: Item) -> str | None:
    """Return the part of an error that tells most. `error_data` is an object, a plain string or missing."""
    data = error.get("error_data")
    return line_at(data, "details", 1000) if isinstance(data, dict) else line_at(error, "error_data", 1000)


def _error_text(error: Item) -> str | None:
    title = line_at(error, "title", 500) or line_at(error, "message", 500)
    details = details_of(error)
    if title and details and title != details:
        return f"{title.rstrip('.')}: {details}"
    return title or details or text_at(error, "code")
