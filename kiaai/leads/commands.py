"""`flask leads`: leads in from a table or made up for a demo, and out again."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup
from tqdm import tqdm

from kiaai.extensions import db
from kiaai.leads.columns import COLUMNS
from kiaai.leads.exporting import export
from kiaai.leads.filters import PeopleFilter
from kiaai.leads.imports.cells import Refused, Row, read_line
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.countries import COUNTRIES
from kiaai.leads.imports.planning import WAYS, Plan
from kiaai.leads.imports.previewing import foresee
from kiaai.leads.imports.saving import Origin, batches, save
from kiaai.leads.table import NotATable, Table, open_table
from kiaai.models.lead import LEAD_STATUSES, ORIGINS

leads = AppGroup("leads", help="Bring leads in, or take them out.")
_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@leads.command("seed")
@click.argument("file", required=False, type=_FILE)
@click.option(
    "--demo", "count", type=click.IntRange(1, 5000), metavar="N", help="Make up N leads, sandbox only."
)
def seed(file: Path | None, count: int | None) -> None:
    """Load leads from a CSV FILE, or make up a demo.

    The first line names the columns phone_number, customer_name, lead_status, notes and tags, in any order;
    only phone_number is required. A number that is known is changed where its line says something else; an
    empty cell leaves things as they are. Exit code 1: some lines were refused, and the others are in.

    Example: flask leads seed clientes.csv
    """
    if (file is None) == (count is None):
        raise click.UsageError("Give either a CSV file or --demo N.")
    if file:
        _end(_load(_with_header(_table(file)), Plan(how="overwrite")))
    if count:
        _make_demo(count)


@leads.command("import")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--known",
    "how",
    type=click.Choice(WAYS),
    default="fill",
    show_default=True,
    help="Of leads that are there: fill what is empty, overwrite, or leave them alone.",
)
@click.option(
    "--country",
    type=click.Choice(sorted(COUNTRIES), case_sensitive=False),
    metavar="CODE",
    help="Of numbers without +, such as CL or MX.",
)
@click.option("--tag", "tags", multiple=True, help="Put this tag on every lead; may be given several times.")
@click.option(
    "--columns",
    metavar="NAMES",
    help=f"What the columns hold, from the left, with commas: {', '.join(COLUMNS)}, or - for nothing.",
)
def import_leads(
    file: Path, dry_run: bool, how: str, country: str | None, tags: tuple[str, ...], columns: str | None
) -> None:
    """Load leads from a CSV FILE of any program: columns are known by their names or by what is in them.

    Exit code 0: done. 1: some lines were refused, and the others are in. 2: wrong use, or no such table.

    Example: flask leads import clientes.csv --country CL --tag feria --dry-run
    """
    table = _table(file)
    if columns:
        table = table.mapped(_chosen(columns))
    if "phone_number" not in table.columns:
        raise click.UsageError("No column looks like phone numbers; name it with --columns.")
    plan = Plan(how, tuple(" ".join(tag.split()) for tag in tags if tag.strip()), (country or "").upper())
    _end(_foresee(table, plan) if dry_run else _load(table, plan))


@leads.command("export")
@click.option("--status", type=click.Choice(LEAD_STATUSES), metavar="STATUS", help="Only these.")
@click.option("--tag", default="", help="Only those with this tag.")
@click.option("--q", default="", metavar="WORDS", help="Only those whose name or number has these in it.")
@click.option("--source", type=click.Choice(ORIGINS), metavar="SOURCE", help=f"One of {', '.join(ORIGINS)}.")
@click.option("--owner", default="", metavar="ID", help="Only those of this person, or `none`.")
@click.option("--last-from", default="", metavar="DAY", help="Last contact on this day or later: 2026-11-23.")
@click.option("--last-to", default="", metavar="DAY", help="Last contact on this day or before.")
@click.option("--first-from", default="", metavar="DAY", help="First contact on this day or later.")
@click.option("--first-to", default="", metavar="DAY", help="First contact on this day or before.")
@click.option("--bom", is_flag=True, help="Begin with the mark by which Excel knows UTF-8.")
def export_leads(bom: bool, **given: str | None) -> None:
    """Print leads as CSV on standard output: all, or those of a filter.

    Example: flask leads export --status customer --tag vip --bom > clientes.csv
    """
    said = {name: value or "" for name, value in given.items()}
    wanted = PeopleFilter.read(said)
    unread = [name for name, value in said.items() if value and not getattr(wanted, name)]
    if unread:
        raise click.UsageError(f"Not understood: --{unread[0].replace('_', '-')} {said[unread[0]]}.")
    for text in export(wanted, _zone(), with_bom=bom):
        click.echo(text, nl=False)


def _zone() -> ZoneInfo:
    from kiaai.business import business

    return business(current_app.extensions["settings"]).zone


def _end(counts: Counts) -> None:
    click.echo(str(counts))
    sys.exit(1 if counts.refused else 0)


def _table(file: Path) -> Table:
    try:
        return open_table(file)
    except NotATable as error:
        raise click.UsageError(error.reason) from None


def _with_header(table: Table) -> Table:
    if not table.header or "phone_number" not in table.columns:
        names = ", ".join(COLUMNS)
        raise click.UsageError(f"The first line must name the columns: {names}. phone_number is missing.")
    if len({*map(str.lower, table.header)}) < len(table.header):
        raise click.UsageError("The first line names a column twice.")
    return table


def _chosen(columns: str) -> Sequence[str]:
    names = [name.strip() for name in columns.split(",")]
    if unknown := [name for name in names if name not in (*COLUMNS, "-", "")]:
        raise click.UsageError(f"No such column: {unknown[0]}. There are {', '.join(COLUMNS)}.")
    return names


def _load(table: Table, plan: Plan) -> Counts:
    _name_ignored(table)
    counts, origin = Counts(), Origin(table.name)
    rows = (read_line(line, plan.country) for line in table.lines())
    with _progress(table.line_count) as bar:
        for batch in batches(rows):
            for outcome in save([row for row in batch if isinstance(row, Row)], plan, origin):
                counts.add(outcome.outcome)
            db.session.commit()
            for refused in (row for row in batch if isinstance(row, Refused)):
                _refuse(refused, counts)
            bar.update(len(batch))
    return counts


def _foresee(table: Table, plan: Plan) -> Counts:
    _name_ignored(table)
    counts = Counts()
    for foreseen in foresee(table, plan):
        if isinstance(foreseen.read, Refused):
            _refuse(foreseen.read, counts)
        else:
            counts.add(foreseen.outcome)
    return counts


def _name_ignored(table: Table) -> None:
    if table.ignored:
        click.echo(f"Columns left out: {', '.join(table.ignored)}.", err=True)


def _refuse(refused: Refused, counts: Counts) -> None:
    counts.add("refused")
    tqdm.write(f"line {refused.line}: {refused.reason}", file=sys.stderr)


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
