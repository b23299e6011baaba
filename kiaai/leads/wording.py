"""The words of the pages of people: columns, origins, orders, and what a filter is called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kiaai.inbox.history import STATUS_NAMES
from kiaai.leads.filters import NOBODY, PeopleFilter
from kiaai.texts import Text, lazy

COLUMNS: dict[str, Text] = {
    "number": lazy("Number"),
    "status": lazy("Status"),
    "tags": lazy("Tags"),
    "owner": lazy("Owner"),
    "last": lazy("Last contact"),
    "first": lazy("First contact"),
    "source": lazy("Came from"),
    "notes": lazy("Notes"),
}
PLAIN_COLUMNS = ("number", "status", "tags", "owner", "last")
ORIGIN_NAMES: dict[str, Text] = {
    "direct": lazy("Direct"),
    "ad": lazy("An ad or a link"),
    "import": lazy("An import"),
}


@dataclass(frozen=True)
class Chip:
    """A filter that is on. rest: the address without it."""

    words: str
    rest: dict[str, str]


def chips(wanted: PeopleFilter, team: Mapping[str, str]) -> list[Chip]:
    """Return the filters that are on, but for the search, which is seen where it is typed."""
    return [
        Chip(words, wanted.but(**dict.fromkeys(names, "")).address) for words, *names in _on(wanted, team)
    ]


def _on(wanted: PeopleFilter, team: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    if wanted.status and wanted.view != "board":
        yield STATUS_NAMES[wanted.status], "status"
    if wanted.tag:
        yield lazy("Tag: %(name)s", name=wanted.tag), "tag"
    if wanted.source:
        yield lazy("Came from: %(name)s", name=ORIGIN_NAMES[wanted.source]), "source"
    if wanted.owner == NOBODY:
        yield lazy("Owner: nobody"), "owner"
    elif wanted.owner:
        yield lazy("Owner: %(name)s", name=team.get(wanted.owner, "?")), "owner"
    if wanted.last_from or wanted.last_to:
        dates = _range(wanted.last_from, wanted.last_to)
        yield lazy("Last contact: %(dates)s", dates=dates), "last_from", "last_to"
    if wanted.first_from or wanted.first_to:
        dates = _range(wanted.first_from, wanted.first_to)
        yield lazy("First contact: %(dates)s", dates=dates), "first_from", "first_to"


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first or '…'} – {last or '…'}"
