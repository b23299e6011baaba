"""The body of a delivery: an envelope around what the trigger wrote, the same on every try."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kiaai.models.base import Json
from kiaai.whatsapp.explanations import explain


def body_of(event: str, key: UUID, created_at: datetime, payload: Json) -> bytes:
    """Return the JSON that is sent and signed."""
    return json.dumps(envelope(event, key, created_at, payload), ensure_ascii=False).encode()


def envelope(event: str, key: UUID, created_at: datetime, payload: Json) -> Json:
    """Return what a receiver reads. key: the same for every try of one delivery."""
    at = created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"event": event, "key": str(key), "created_at": at, "data": _explained(payload)}


def _explained(payload: Json) -> Json:
    """Add to the error of a message what it means, as the API does; SQL does not know the codes."""
    message: dict[str, Any] = payload.get("message") or {}
    error = message.get("error")
    if not error:
        return payload
    explanation = explain(error.get("code"), "en", is_final=message.get("status") == "failed")
    whole = {
        "code": error.get("code"),
        "title": explanation.title,
        "message": error.get("message") or explanation.cause,
        "next_step": explanation.next_step,
    }
    return {**payload, "message": {**message, "error": whole}}
