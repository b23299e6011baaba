"""The lead's history in words: who did what, one sentence each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kiaai.inbox.priorities import PRIORITY_NAMES
from kiaai.models import LeadEvent, User
from kiaai.texts import Text, lazy

STATUS_NAMES: dict[str, Text] = {
    "unknown": lazy("Unknown"),
    "potential_client": lazy("Potential client"),
    "customer": lazy("Customer"),
    "bad_lead": lazy("Bad lead"),
}
_DOERS: dict[str, Text] = {
    "user": lazy("Somebody"),
    "bot": lazy("The bot"),
    "api": lazy("The API"),
    "import": lazy("An import"),
    "customer": lazy("The customer"),
    "system": lazy("Kia-Ai"),
}


@dataclass(frozen=True)
class HistoryLine:
    """One line: who did what as one sentence, and when. until: for how long, where that belongs to it."""

    what: Text
    icon: str
    at: datetime
    until: datetime | None = None


def lines(events: list[tuple[LeadEvent, User | None]], viewer_id: int) -> list[HistoryLine]:
    """Put each event of the history into words for the viewer."""
    return [_line(event, user, viewer_id) for event, user in events]


def _line(event: LeadEvent, user: User | None, viewer_id: int) -> HistoryLine:
    icon, by_viewer, by_other = _TELLERS.get(event.kind, _OTHER)
    until = datetime.fromisoformat(event.new) if event.kind == "snoozed" and event.new else None
    if user is not None and user.id == viewer_id:
        return HistoryLine(by_viewer(event), icon, event.created_at, until)
    who = user.display_name if user is not None else _DOERS[event.by]
    return HistoryLine(by_other(event, who), icon, event.created_at, until)


def _status(event: LeadEvent) -> str:
    return STATUS_NAMES.get(event.new or "", event.new or lazy("nothing"))


def _handed_off(event: LeadEvent, who: str) -> Text:
    if (event.detail or {}).get("reason") == "loop":
        return lazy("%(who)s stopped: another program writes here, or someone it cannot help", who=who)
    return lazy("%(who)s asked a person to take over", who=who)


def _your_name(event: LeadEvent) -> Text:
    if not event.new:
        return lazy("You removed the name")
    if event.old:
        return lazy("You changed the name to %(name)s", name=event.new)
    return lazy("You set the name %(name)s", name=event.new)


def _name(event: LeadEvent, who: str) -> Text:
    if not event.new:
        return lazy("%(who)s removed the name", who=who)
    if event.old:
        return lazy("%(who)s changed the name to %(name)s", who=who, name=event.new)
    return lazy("%(who)s set the name %(name)s", who=who, name=event.new)


def _your_tags(event: LeadEvent) -> Text:
    return lazy("You set the tags: %(tags)s", tags=event.new) if event.new else lazy("You removed all tags")


def _tags(event: LeadEvent, who: str) -> Text:
    if event.new:
        return lazy("%(who)s set the tags: %(tags)s", who=who, tags=event.new)
    return lazy("%(who)s removed all tags", who=who)


def _created(event: LeadEvent, who: str) -> Text:
    if event.by == "customer":
        return lazy("The customer wrote for the first time")
    return lazy("%(who)s added this person", who=who)


def _your_assignment(event: LeadEvent) -> Text:
    if not event.new:
        return lazy("You assigned the conversation to nobody")
    return lazy("You assigned the conversation to %(name)s", name=event.new)


def _assignment(event: LeadEvent, who: str) -> Text:
    if not event.new:
        return lazy("%(who)s assigned the conversation to nobody", who=who)
    return lazy("%(who)s assigned the conversation to %(name)s", who=who, name=event.new)


def _number(event: LeadEvent, who: str) -> Text:
    return lazy("%(who)s has a new number", who=who)


def _other(event: LeadEvent) -> Text | str:
    return event.new or lazy("somebody without a name")


def _opted_out(event: LeadEvent, who: str) -> Text:
    if event.by == "customer":
        return lazy("%(who)s asked for no more messages", who=who)
    return lazy("%(who)s noted: no more messages", who=who)


def _opted_in(event: LeadEvent, who: str) -> Text:
    if event.by == "customer":
        return lazy("%(who)s wants messages again", who=who)
    return lazy("%(who)s noted: messages again", who=who)


def _woken(event: LeadEvent, who: str) -> Text:
    if event.by == "system":
        return lazy("The conversation came back")
    return lazy("%(who)s brought the conversation back", who=who)


def _priority(event: LeadEvent) -> str:
    return PRIORITY_NAMES.get(event.new or "", event.new or lazy("nothing"))


_Teller = tuple[str, Callable[[LeadEvent], Text], Callable[[LeadEvent, str], Text]]
# Icon, what the viewer did, and what somebody else did: other words in many languages.
_TELLERS: dict[str, _Teller] = {
    "status": (
        "circle-dot",
        lambda event: lazy("You set the status to %(status)s", status=_status(event)),
        lambda event, who: lazy("%(who)s set the status to %(status)s", who=who, status=_status(event)),
    ),
    "name": ("pencil", _your_name, _name),
    "tags": ("tag", _your_tags, _tags),
    "created": ("plus", lambda _: lazy("You added this person"), _created),
    "notes": (
        "sticky-note",
        lambda _: lazy("You changed the notes"),
        lambda _, who: lazy("%(who)s changed the notes", who=who),
    ),
    "opted_out": (
        "ban",
        lambda _: lazy("You noted: no more messages"),
        _opted_out,
    ),
    "opted_in": (
        "circle-check",
        lambda _: lazy("You noted: messages again"),
        _opted_in,
    ),
    "handed_off": ("hand", lambda _: lazy("You asked a person to take over"), _handed_off),
    "taken_over": (
        "hand",
        lambda _: lazy("You took over from the bot"),
        lambda _, who: lazy("%(who)s took over from the bot", who=who),
    ),
    "handed_back": (
        "bot",
        lambda _: lazy("You handed back to the bot"),
        lambda _, who: lazy("%(who)s handed back to the bot", who=who),
    ),
    "bot_on": (
        "bot",
        lambda _: lazy("You let the bot answer here"),
        lambda _, who: lazy("%(who)s let the bot answer here", who=who),
    ),
    "bot_off": (
        "bot",
        lambda _: lazy("You switched the bot off here"),
        lambda _, who: lazy("%(who)s switched the bot off here", who=who),
    ),
    "closed": (
        "archive",
        lambda _: lazy("You closed the conversation"),
        lambda _, who: lazy("%(who)s closed the conversation", who=who),
    ),
    "reopened": (
        "archive-restore",
        lambda _: lazy("You reopened the conversation"),
        lambda _, who: lazy("%(who)s reopened the conversation", who=who),
    ),
    "assigned": ("user-round-check", _your_assignment, _assignment),
    "snoozed": (
        "calendar-clock",
        lambda _: lazy("You put the conversation aside"),
        lambda _, who: lazy("%(who)s put the conversation aside", who=who),
    ),
    "woken": ("calendar-clock", lambda _: lazy("You brought the conversation back"), _woken),
    "priority": (
        "flag",
        lambda event: lazy("You set the priority to %(name)s", name=_priority(event)),
        lambda event, who: lazy("%(who)s set the priority to %(name)s", who=who, name=_priority(event)),
    ),
    "blocked": (
        "ban",
        lambda _: lazy("You blocked this person"),
        lambda _, who: lazy("%(who)s blocked this person", who=who),
    ),
    "unblocked": (
        "circle-check",
        lambda _: lazy("You unblocked this person"),
        lambda _, who: lazy("%(who)s unblocked this person", who=who),
    ),
    "history_deleted": (
        "trash-2",
        lambda _: lazy("You deleted the messages"),
        lambda _, who: lazy("%(who)s deleted the messages", who=who),
    ),
    "identity": ("phone", lambda _: lazy("You gave a new number"), _number),
    "number": ("phone", lambda _: lazy("You gave a new number"), _number),
    "merged": (
        "users",
        lambda event: lazy("You merged %(name)s into this person", name=_other(event)),
        lambda event, who: lazy("%(who)s merged %(name)s into this person", who=who, name=_other(event)),
    ),
    "parted": (
        "users",
        lambda event: lazy("You parted this person and %(name)s again", name=_other(event)),
        lambda event, who: lazy("%(who)s parted this person and %(name)s again", who=who, name=_other(event)),
    ),
    "possible_duplicate": (
        "users",
        lambda _: lazy("This may be the same person as another"),
        lambda _, who: lazy("This may be the same person as another"),
    ),
}
_OTHER: _Teller = (
    "circle-dot",
    lambda event: lazy("You: %(what)s", what=event.kind.replace("_", " ")),
    lambda event, who: lazy("%(who)s: %(what)s", who=who, what=event.kind.replace("_", " ")),
)
