"""What `flask leads` does with a file: a batch at a time, and whatever ends it, a word on how far it came."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from kiaai.database import is_unavailable
from kiaai.extensions import db
from kiaai.leads.imports.cells import Refused, Row, read_line
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.planning import Plan
from kiaai.leads.imports.previewing import foresee
from kiaai.leads.imports.saving import Origin, batches, save
from kiaai.leads.table import Table
from kiaai.texts import grouped


@dataclass(frozen=True)
class Told:
    """What is said when a command cannot be finished. how_far: in words, at that moment."""

    how_far: Callable[[], str]


@contextmanager
def ends_clearly(told: Told) -> Iterator[None]:
    """Turn Ctrl-C, a closed pipe and a database that goes away into one line and exit code 1.

    What was not committed is not done.
    """
    try:
        yield
    except KeyboardInterrupt:
        _stop("Stopped.", told)
    except BrokenPipeError:
        # Nobody reads what we say of each line; click ends quietly where both streams are closed.
        _tell(f"Stopped: nobody reads the output any more. {told.how_far()}")
        raise
    except SQLAlchemyError as error:
        if not is_unavailable(error):
            raise
        _stop("The database does not answer.", told)


def load_file(table: Table, plan: Plan) -> Counts:
    """Bring all lines in, and name each that is refused."""
    _name_ignored(table)
    counts, origin, lines = Counts(), Origin(table.name), 0

    def how_far() -> str:
        begun = f"The first {grouped(lines, ',')} lines are done ({counts})." if lines else "No line is done."
        return f"{begun} Run it again for the rest: what is in stays as it is."

    with ends_clearly(Told(how_far)), progress(table.line_count) as bar:
        for batch in batches(read_line(line, plan.country) for line in table.lines()):
            outcomes = save([row for row in batch if isinstance(row, Row)], plan, origin)
            db.session.commit()
            # Counted only now that they are in.
            lines += len(batch)
            refused = [row for row in batch if isinstance(row, Refused)]
            for outcome in [*(outcome.outcome for outcome in outcomes), *("refused" for _ in refused)]:
                counts.add(outcome)
            for row in refused:
                _name(row)
            bar.update(len(batch))
    return counts


def foresee_file(table: Table, plan: Plan) -> Counts:
    """Return what would become of the lines, and name each that would be refused."""
    _name_ignored(table)
    counts = Counts()
    with ends_clearly(Told(lambda: "Nothing was changed.")):
        for foreseen in foresee(table, plan):
            counts.add(foreseen.outcome)
            if isinstance(foreseen.read, Refused):
                _name(foreseen.read)
    return counts


def progress(total: int) -> "tqdm[NoReturn]":
    """Return a bar that shows itself only to a person."""
    return tqdm(total=total or None, unit=" leads", disable=not sys.stderr.isatty(), file=sys.stderr)


def _name_ignored(table: Table) -> None:
    if table.ignored:
        click.echo(f"Columns left out: {', '.join(table.ignored)}.", err=True)


def _name(refused: Refused) -> None:
    tqdm.write(f"line {refused.line}: {refused.reason}", file=sys.stderr)


def _stop(why: str, told: Told) -> NoReturn:
    with suppress(SQLAlchemyError):
        db.session.rollback()
    _tell(f"{why} {told.how_far()}")
    raise SystemExit(1)


def _tell(words: str) -> None:
    """Say it where somebody still listens."""
    for is_error in (True, False):
        try:
            click.echo(words, err=is_error)
            return
        except BrokenPipeError:
            continue
