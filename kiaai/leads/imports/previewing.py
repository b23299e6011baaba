"""What an import would do, without doing any of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from kiaai.leads.imports.cells import Refused, Row, read_line
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.known import find_known
from kiaai.leads.imports.planning import Facts, Plan, changes_of, facts_of
from kiaai.leads.table import Line, Table

FIRST_LINES = 20
REFUSED_SHOWN = 50
_AT_ONCE = 2000


@dataclass(frozen=True)
class Foreseen:
    """One line and what would become of it. outcome: created, changed, unchanged or refused."""

    line: Line
    read: Row | Refused
    outcome: str
    new: Facts = field(default_factory=dict)


@dataclass
class Preview:
    """What would become of a file. first: its first lines. refused: the first of these."""

    counts: Counts
    first: list[Foreseen]
    refused: list[Refused]


def preview(table: Table, plan: Plan) -> Preview:
    """Foresee the whole file."""
    counts = Counts()
    first: list[Foreseen] = []
    refused: list[Refused] = []
    for foreseen in foresee(table, plan):
        counts.add(foreseen.outcome)
        if len(first) < FIRST_LINES:
            first.append(foreseen)
        if isinstance(foreseen.read, Refused) and len(refused) < REFUSED_SHOWN:
            refused.append(foreseen.read)
    return Preview(counts, first, refused)


def foresee(table: Table, plan: Plan) -> Iterator[Foreseen]:
    """Give each line with what would become of it."""
    lines = table.lines()
    facts: dict[str, Facts] = {}
    while chunk := list(islice(lines, _AT_ONCE)):
        read = [read_line(line, plan.country) for line in chunk]
        unseen = [row for row in read if isinstance(row, Row) and row.key not in facts]
        facts |= {key: known.facts for key, known in find_known(unseen).items()}
        for line, row in zip(chunk, read, strict=True):
            yield _foresee_line(line, row, plan, facts)


def _foresee_line(line: Line, row: Row | Refused, plan: Plan, facts: dict[str, Facts]) -> Foreseen:
    if isinstance(row, Refused):
        return Foreseen(line, row, "refused")
    known = facts.get(row.key)
    if known is None:
        facts[row.key] = facts_of(row, plan.tags)
        return Foreseen(line, row, "created", facts[row.key])
    new = changes_of(row, known, plan)
    # A later line about the same person follows on this one.
    facts[row.key] = known | new
    return Foreseen(line, row, "changed" if new else "unchanged", new)
