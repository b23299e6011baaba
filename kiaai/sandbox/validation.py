"""What Graph accepts as a message. Pure: a body goes in, its kind comes out, or a GraphProblem."""

import json
from collections.abc import Callable
from typing import Any

from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.fields import number, required, text
from kiaai.sandbox.interactive import check_interactive

Json = dict[str, Any]


def check_message(body: Json) -> str:
    """Return the kind of a send. Raises GraphProblem 100, 131008, 131009 or 131051."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphProblem(100, "The parameter messaging_product is required.")
    if not body.get("to") and not body.get("recipient"):
        raise GraphProblem(100, "The parameter to is required.")
    if body.get("recipient_type", "individual") != "individual":
        raise GraphProblem(131009, "recipient_type must be individual")
    text(body, "biz_opaque_callback_data", 512, is_required=False)
    kind = body.get("type", "text")
    if kind not in CHECKS:
        raise GraphProblem(131051 if kind in ("unknown", "system", "poll") else 100, _type_error(kind))
    if not isinstance(body.get(kind), list if kind == "contacts" else dict):
        raise GraphProblem(131008, f"Parameter of type {kind} is missing")
    if body.get("context") is not None:
        text(required(body, "context", dict), "message_id", 255, parent="context")
    CHECKS[kind](body[kind])
    return str(kind)


def _type_error(kind: object) -> str:
    known = ", ".join(name.upper() for name in CHECKS)
    return f"Param type must be one of {{{known}}} - got {json.dumps(kind)}."


def _text(content: Json) -> None:
    text(content, "body", 4096, parent="text")
    if not content["body"].strip():
        raise GraphProblem(131008, "text.body must not be empty")


def _media(content: Json) -> None:
    if bool(content.get("id")) == bool(content.get("link")):
        raise GraphProblem(131009, "Exactly one of id and link is required")
    if content.get("link") and not str(content["link"]).startswith(("http://", "https://")):
        raise GraphProblem(131009, "link must be an http or https address")
    text(content, "caption", 1024, is_required=False)


def _without_caption(content: Json) -> None:
    _media(content)
    if "caption" in content:
        raise GraphProblem(100, 'Unexpected key "caption" on this type of media.')


def _document(content: Json) -> None:
    _media(content)
    text(content, "filename", 240, is_required=False)


def _location(content: Json) -> None:
    number(content, "latitude", 90)
    number(content, "longitude", 180)


def _contacts(cards: list[Any]) -> None:
    if not 1 <= len(cards) <= 257:
        raise GraphProblem(131009, "contacts must have 1 to 257 entries")
    for card in cards:
        name = card.get("name") if isinstance(card, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name") or len(name) < 2:
            raise GraphProblem(131008, "name.formatted_name and one more part of the name are required")


def _reaction(content: Json) -> None:
    text(content, "message_id", 255, parent="reaction")
    if not isinstance(content.get("emoji"), str):
        raise GraphProblem(131008, "Parameter emoji is missing")


def _template(content: Json) -> None:
    text(content, "name", 512, parent="template")
    text(required(content, "language", dict), "code", 20, parent="template['language']")
    components = content.get("components", [])
    if not isinstance(components, list) or not all(isinstance(component, dict) for component in components):
        raise GraphProblem(100, "Param template['components'] must be an array.")


CHECKS: dict[str, Callable[[Any], None]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _without_caption,
    "document": _document,
    "sticker": _without_caption,
    "location": _location,
    "contacts": _contacts,
    "interactive": check_interactive,
    "template": _template,
    "reaction": _reaction,
}
