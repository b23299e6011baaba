"""What Graph accepts as an interactive message: buttons, a list, a link, a request for a location."""

from collections.abc import Callable
from typing import Any

from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.fields import required, text

Json = dict[str, Any]


def check_interactive(content: Json) -> None:
    """Raise GraphProblem 131008 or 131009 unless the message can be shown."""
    kind = required(content, "type", str)
    if kind not in ACTIONS:
        raise GraphProblem(131009, f"interactive type {kind} is not supported here")
    _limited(required(content, "body", dict), "text", 4096 if kind == "list" else 1024)
    if "footer" in content:
        _limited(required(content, "footer", dict), "text", 60)
    _check_header(content, kind)
    ACTIONS[kind](required(content, "action", dict))


def _check_header(content: Json, kind: str) -> None:
    if "header" not in content:
        return
    header = required(content, "header", dict)
    header_kind = required(header, "type", str)
    allowed = ("text",) if kind == "list" else ("text", "image", "video", "document")
    if kind == "location_request_message" or header_kind not in allowed:
        raise GraphProblem(131009, f"header of type {header_kind} is not allowed for {kind}")
    if header_kind == "text":
        _limited(header, "text", 60)
    else:
        required(header, header_kind, dict)


def _buttons(action: Json) -> None:
    buttons = required(action, "buttons", list)
    if not 1 <= len(buttons) <= 3:
        raise GraphProblem(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    replies = [required(button, "reply", dict) for button in buttons]
    for reply in replies:
        if reply.get("id") != str(reply.get("id")).strip():
            raise GraphProblem(131009, "Button id must be a text without spaces at its ends")
        _limited(reply, "id", 256)
        _limited(reply, "title", 20)
    _unique([reply["id"] for reply in replies], "Button ids")
    _unique([reply["title"] for reply in replies], "Button titles")


def _list(action: Json) -> None:
    _limited(action, "button", 20)
    sections = required(action, "sections", list)
    if not 1 <= len(sections) <= 10:
        raise GraphProblem(131009, "A list has 1 to 10 sections")
    rows = [row for section in sections for row in required(section, "rows", list)]
    if not 1 <= len(rows) <= 10:
        raise GraphProblem(131009, "Total row count exceeds maximum allowed count: 10")
    for section in sections:
        if len(sections) > 1 or "title" in section:
            _limited(section, "title", 24)
    for row in rows:
        _limited(row, "id", 200)
        _limited(row, "title", 24)
        if "description" in row:
            _limited(row, "description", 72)
    _unique([row["id"] for row in rows], "Row ids")


def _link(action: Json) -> None:
    parameters = required(action, "parameters", dict)
    _limited(parameters, "display_text", 20)
    if not required(parameters, "url", str).startswith(("http://", "https://")):
        raise GraphProblem(131009, "url must be an http or https address")


def _location_request(action: Json) -> None:
    if action.get("name") != "send_location":
        raise GraphProblem(131009, "action.name must be send_location")


ACTIONS: dict[str, Callable[[Json], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _link,
    "location_request_message": _location_request,
}


def _limited(content: Json, name: str, longest: int) -> None:
    value = text(content, name, 100_000)
    if not value:
        raise GraphProblem(131009, f"{name} must not be empty")
    if len(value) > longest:
        raise GraphProblem(131009, f"{name} is too long: at most {longest} characters")


def _unique(values: list[str], what: str) -> None:
    if len(set(values)) < len(values):
        raise GraphProblem(131009, f"{what} must differ")
