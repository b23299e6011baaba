"""Answers of the Graph API: reading one, and turning a bad one into a GraphError with its fate."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from kiaai.whatsapp.cleaning import Item, UnreadableBody, item_at, line_at, read_json
from kiaai.whatsapp.errors import LONGEST_WAIT_SECONDS, Fate, GraphError, fate_of_answer
from kiaai.whatsapp.statuses import code_of, details_of


def read_answer(raw: bytes) -> Item | None:
    """Return the JSON object of an answer; None for HTML, nothing, or anything else."""
    try:
        value = read_json(raw)
    except UnreadableBody:
        return None
    return value if isinstance(value, dict) else None


def graph_error(
    http_status: int,
    headers: Mapping[str, str],
    answer: Item | None,
    *,
    own_number: str | None,
    is_repeatable: bool,
    clean: Callable[[str], str] = str,
) -> GraphError:
    """Return the error that this answer means.

    own_number: the phone number id when the call was on it.
    is_repeatable: whether doing it twice is harmless. clean: takes secrets out of WhatsApp's words.
    """
    error = item_at(answer or {}, "error")
    code, subcode = code_of(error.get("code")), code_of(error.get("error_subcode"))
    if code is None:
        return _without_graph_error(http_status, headers, is_repeatable)
    message = clean(line_at(error, "message", 1000) or "")
    fate = fate_of_answer(code, subcode, http_status, error.get("is_transient") is True)
    if code == 100 and subcode == 33 and own_number and _is_about(own_number, message):
        fate = "stop"
    return GraphError(
        fate,
        clean(line_at(error, "error_user_title", 300) or message or "WhatsApp refused"),
        code=code,
        subcode=subcode,
        message=message,
        details=clean(details_of(error) or line_at(error, "error_user_msg", 1000) or ""),
        http_status=http_status,
        retry_after_seconds=retry_after(headers),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds to wait, from Retry-After or Meta's own usage header (in minutes)."""
    seconds = headers.get("Retry-After", "")
    if seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
        return float(min(int(seconds), LONGEST_WAIT_SECONDS))
    minutes = _minutes_to_regain(headers.get("X-Business-Use-Case-Usage", ""))
    return float(min(minutes * 60, LONGEST_WAIT_SECONDS)) if minutes else None


def _without_graph_error(http_status: int, headers: Mapping[str, str], is_repeatable: bool) -> GraphError:
    """Judge an answer that Meta's API did not write, such as the error page of something in between."""
    fate: Fate
    if http_status == 429:
        fate = "not_now"
    elif 400 <= http_status < 500 and http_status != 408:
        fate = "refused"
    else:
        fate = "not_now" if is_repeatable else "unknown"
    title = "The answer did not come from WhatsApp's API"
    return GraphError(fate, title, http_status=http_status, retry_after_seconds=retry_after(headers))


def _is_about(number: str, message: str) -> bool:
    # The same code comes for a file or a template inside the request; then the text names that one.
    return number in message or "Object with ID" not in message


def _minutes_to_regain(header: str) -> int:
    try:
        usage: Any = json.loads(header) if len(header) < 10_000 else None
    except (ValueError, RecursionError):
        return 0
    members = usage.values() if isinstance(usage, dict) else ()
    entries = [entry for member in members if isinstance(member, list) for entry in member]
    minutes = [e.get("estimated_time_to_regain_access") for e in entries if isinstance(e, dict)]
    return max((m for m in minutes if isinstance(m, int) and 0 < m < 10_000), default=0)
