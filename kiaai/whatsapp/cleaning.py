"""Reading JSON from outside into values that PostgreSQL can store, whatever the bytes are."""

import json
import math
import re
from typing import Any

from kiaai.errors import KiaAiError

DEEPEST = 64
Item = dict[str, Any]

_LONGEST_NUMBER = 20
# What turns the direction of writing around reaches beyond the name it stands in: the words beside it too.
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class UnreadableBody(KiaAiError):
    """The body is not a JSON object that can be read; `reason` says why."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def read_json(raw: bytes | str) -> Any:
    """Return the JSON value, free of what `jsonb` refuses.

    NUL and lone surrogates become U+FFFD in keys and values, NaN and Infinity become null,
    numbers that are too long or too large stay as text. Raises UnreadableBody, and nothing else.
    """
    text = raw.decode("utf-8-sig", errors="replace") if isinstance(raw, bytes) else clean_text(raw)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise UnreadableBody("nested too deep") from None
    except ValueError as error:
        raise UnreadableBody(f"not JSON: {error}") from None
    return _cleaned(value, DEEPEST) if _needs_cleaning(text) else value


def clean_text(text: str) -> str:
    """Return the text with NUL and lone surrogates replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def item_at(item: Item, key: str) -> Item:
    """Return the object under `key`, empty when it is missing or something else."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def list_at(item: Item, key: str) -> list[Any]:
    """Return the list under `key`, empty when it is missing or something else."""
    value = item.get(key)
    return value if isinstance(value, list) else []


def text_at(item: Item, key: str) -> str | None:
    """Return what stands under `key` as text, untrimmed; None when it is empty, missing or no text."""
    value = item.get(key)
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def id_at(item: Item, key: str, longest: int = 200) -> str | None:
    """Return the identifier under `key`; None when it is missing or longer than an index can hold."""
    text = text_at(item, key)
    text = text.strip() if text else None
    return text if text and len(text) <= longest else None


def line_at(item: Item, key: str, longest: int = 200) -> str | None:
    """Return the text under `key` as one line, cut to `longest`; None when nothing is left."""
    text = text_at(item, key)
    return one_line(text, longest) or None if text else None


def one_line(text: str, longest: int) -> str:
    """Return the text in one line, at most `longest` characters, cut with an ellipsis.

    White space is collapsed, and marks that turn the direction of writing are gone.
    """
    # Only the beginning can be shown; splitting megabytes to throw them away would be slow.
    line = " ".join(text[: longest * 8].translate(_TURNS).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _needs_cleaning(text: str) -> bool:
    # Most bodies are small and plain: a few scans in C are cheaper than a walk in Python.
    if text.count("{") + text.count("[") > DEEPEST:
        return True
    return "\\u0000" in text or "\\ud" in text or "\\uD" in text


def _cleaned(value: Any, room: int) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if not isinstance(value, dict | list):
        return value
    if room == 0:
        raise UnreadableBody(f"nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        return {clean_text(key): _cleaned(member, room - 1) for key, member in value.items()}
    return [_cleaned(member, room - 1) for member in value]


def _finite_float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text[:_LONGEST_NUMBER]


def _short_int(text: str) -> int | str:
    return int(text) if len(text) <= _LONGEST_NUMBER else text


def _no_constant(_name: str) -> None:
    return None


_DECODER = json.JSONDecoder(parse_float=_finite_float, parse_int=_short_int, parse_constant=_no_constant)
