"""The lead's history in words: who did what, one line each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kiaai.models import LeadEvent, User

STATUS_NAMES = {
    "unknown": "Unknown",
    "potential_client": "Potential client",
    "customer": "Customer",
    "bad_lead": "Bad lead",
}
_DOERS = {
    "user": "Somebody",
    "bot": "The bot",
    "api": "The API",
    "import": "An import",
    "customer": "The customer",
    "system": "Kia-Ai",
}


@dataclass(frozen=True)
class HistoryLine:
    """One line: who, what they did, and when."""

    who: str
    what: str
    icon: str
    at: datetime


def lines(events: list[tuple[LeadEvent, User | None]], viewer_id: int) -> list[HistoryLine]:
    """Put each event of the history into words for the viewer."""
    return [
        HistoryLine(_who(event, user, viewer_id), *_what(event), event.created_at) for event, user in events
    ]


def _who(event: LeadEvent, user: User | None, viewer_id: int) -> str:
    if user is not None:
        return "You" if user.id == viewer_id else user.display_name
    return _DOERS[event.by]


def _what(event: LeadEvent) -> tuple[str, str]:
    tell = _TELLERS.get(event.kind)
    if tell:
        return tell(event)
    return event.kind.replace("_", " "), "circle-dot"


def _status(event: LeadEvent) -> tuple[str, str]:
    return f"set the status to {STATUS_NAMES.get(event.new or '', event.new or 'nothing')}", "circle-dot"


def _name(event: LeadEvent) -> tuple[str, str]:
    if not event.new:
        return "removed the name", "pencil"
    return (f"changed the name to {event.new}" if event.old else f"set the name {event.new}"), "pencil"


def _tags(event: LeadEvent) -> tuple[str, str]:
    return (f"set the tags {event.new}" if event.new else "removed all tags"), "tag"


def _created(event: LeadEvent) -> tuple[str, str]:
    return ("wrote for the first time" if event.by == "customer" else "added this person"), "plus"


def _plain(what: str, icon: str) -> Callable[[LeadEvent], tuple[str, str]]:
    return lambda _event: (what, icon)


_TELLERS: dict[str, Callable[[LeadEvent], tuple[str, str]]] = {
    "status": _status,
    "name": _name,
    "tags": _tags,
    "notes": _plain("changed the notes", "sticky-note"),
    "created": _created,
    "opted_out": _plain("asked for no more messages", "ban"),
    "opted_in": _plain("wants messages again", "circle-check"),
    "handed_off": _plain("asked a person to take over", "hand"),
    "taken_over": _plain("took over from the bot", "hand"),
    "handed_back": _plain("handed back to the bot", "bot"),
    "closed": _plain("closed the conversation", "archive"),
    "reopened": _plain("reopened the conversation", "archive-restore"),
    "identity": _plain("has a new number", "phone"),
}
