"""`flask leads`: leads in from a table or made up for a demo, and out again."""

import sys
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import AppGroup
from tqdm import tqdm

from kiaai.extensions import db
from kiaai.leads.exporting import export
from kiaai.leads.importing import Counts, Refused, Row, batches, read_line, save
from kiaai.leads.table import NotATable, Table, open_table

leads = AppGroup("leads", help="Bring leads in, or take them out.")


@leads.command("seed")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@click.option(
    "--demo", "count", type=click.IntRange(1, 5000), metavar="N", help="Make up N leads, sandbox only."
)
def seed(file: Path | None, count: int | None) -> None:
    """Load leads from a CSV FILE, or make up a demo.

    The first line names the columns phone_number, customer_name, lead_status, notes and tags, in any order;
    only phone_number is required. A number that is known is changed where its line says something else; an
    empty cell leaves things as they are. Exit code 1: some lines were refused, and the others are in.
    """
    if (file is None) == (count is None):
        raise click.UsageError("Give either a CSV file or --demo N.")
    if file:
        counts = _load(_table(file))
        click.echo(str(counts))
        sys.exit(1 if counts.refused else 0)
    if count:
        _make_demo(count)


@leads.command("export")
def export_leads() -> None:
    """Print all leads as CSV on standard output."""
    for text in export():
        click.echo(text, nl=False)


def _table(file: Path) -> Table:
    try:
        table = open_table(file)
    except NotATable as error:
        raise click.UsageError(str(error)) from None
    if table.ignored:
        click.echo(f"Columns left out: {', '.join(table.ignored)}.", err=True)
    return table


def _load(table: Table) -> Counts:
    counts = Counts()
    rows = (read_line(line) for line in table.lines())
    with _progress(table.line_count) as bar:
        for batch in batches(rows):
            save([row for row in batch if isinstance(row, Row)], table.path.name, counts)
            db.session.commit()
            for refused in (row for row in batch if isinstance(row, Refused)):
                counts.refused += 1
                tqdm.write(f"line {refused.line}: {refused.reason}", file=sys.stderr)
            bar.update(len(batch))
    return counts


def _make_demo(count: int) -> None:
    from kiaai.bot.knowledge import load_demo
    from kiaai.delivery.channels import own_channel
    from kiaai.leads.demo import make_up

    channel = own_channel()
    if not channel.is_sandbox:
        raise click.UsageError("The demo is for the sandbox only, and this number is a real one.")
    load_demo()
    db.session.commit()
    created = 0
    with _progress(count) as bar:
        for done, made in make_up(count, channel.id):
            db.session.commit()
            created += made
            bar.update(done)
    click.echo(f"{created} created, {count - created} there already")


def _progress(total: int) -> "tqdm[NoReturn]":
    """Return a bar that shows itself only to a person."""
    return tqdm(total=total or None, unit=" leads", disable=not sys.stderr.isatty(), file=sys.stderr)
