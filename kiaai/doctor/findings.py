"""What the doctor says: one line for each thing looked at."""

from dataclasses import dataclass
from typing import Literal

from kiaai.texts import Text, lazy

State = Literal["ok", "look", "skip"]


@dataclass(frozen=True)
class Finding:
    """One line. state: `ok`, `look` (something needs doing), `skip` (could not or need not be looked at).

    text: what was found; with `look`, what to do.
    """

    name: str
    state: State
    text: str = ""


def ok(name: str, text: str = "") -> Finding:
    return Finding(name, "ok", text)


def look(name: str, text: str) -> Finding:
    return Finding(name, "look", text)


def skip(name: str, text: str) -> Finding:
    return Finding(name, "skip", text)


def are_well(findings: list[Finding]) -> bool:
    """Tell whether nothing needs doing."""
    return all(finding.state != "look" for finding in findings)


def span(seconds: float) -> Text:
    """Return a stretch of time in its largest whole unit: 4 s, 3 min, 5 h, 2 days."""
    if seconds >= 172_800:
        return lazy("%(count)s days", count=int(seconds // 86_400))
    for size, unit in ((7200, "h"), (120, "min")):
        if seconds >= size:
            return lazy("%(count)s %(unit)s", count=int(seconds // (size // 2)), unit=unit)
    return lazy("%(count)s %(unit)s", count=max(0, int(seconds)), unit="s")
