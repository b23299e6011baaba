"""`flask leads`: leads in from a table or made up for a demo, and out again."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup

from kiaai.extensions import db
from kiaai.leads.columns import COLUMNS
from kiaai.leads.erase_command import erase
from kiaai.leads.exporting import count, export
from kiaai.leads.file_commands import Told, ends_clearly, foresee_file, load_file, progress
from kiaai.leads.filters import PeopleFilter
from kiaai.leads.imports.countries import COUNTRIES
from kiaai.leads.imports.planning import WAYS, Plan
from kiaai.leads.merge_command import merge_leads
from kiaai.leads.table import NotATable, Table, open_table
from kiaai.models.lead import LEAD_STATUSES, ORIGINS

leads = AppGroup("leads", help="Bring leads in, or take them out.")
leads.add_command(erase)
leads.add_command(merge_leads)
_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@leads.command("seed")
@click.argument("file", required=False, type=_FILE)
@click.option(
    "--demo", "number", type=click.IntRange(1, 5000), metavar="N", help="Make up N leads, sandbox only."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def seed(file: Path | None, number: int | None, dry_run: bool) -> None:
    """Load leads from a CSV FILE, or make up a demo.

    The first line names the columns phone_number, customer_name, lead_status, notes and tags, in any order;
    only phone_number is required. A number that is known is changed where its line says something else; an
    empty cell leaves things as they are. Exit code 0: done. 1: some lines were refused, and the
    others are in. 2: wrong use, or no such table.

    Example: flask leads seed clientes.csv --dry-run
    """
    if (file is None) == (number is None):
        raise click.UsageError("Give either a CSV file or --demo N.")
    if file:
        _end(_with_header(_table(file)), Plan(how="overwrite"), dry_run)
    if number:
        _make_demo(number, dry_run)


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
    _end(table, plan, dry_run)


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
@click.option("--dry-run", is_flag=True, help="Say how many leads it would be, and print none.")
def export_leads(bom: bool, dry_run: bool, **given: str | None) -> None:
    """Print leads as CSV on standard output: all, or those of a filter.

    Exit code 0: done. 1: it could not be finished. 2: a filter was not understood.

    Example: flask leads export --status customer --tag vip --bom > clientes.csv
    """
    said = {name: value or "" for name, value in given.items()}
    wanted = PeopleFilter.read(said)
    unread = [name for name, value in said.items() if value and not getattr(wanted, name)]
    if unread:
        raise click.UsageError(f"Not understood: --{unread[0].replace('_', '-')} {said[unread[0]]}.")
    with ends_clearly(Told(lambda: "The table above is not whole.")):
        if dry_run:
            number = count(wanted, _zone())
            click.echo("1 lead" if number == 1 else f"{number} leads")
            return
        for text in export(wanted, _zone(), with_bom=bom):
            click.echo(text, nl=False)


def _zone() -> ZoneInfo:
    from kiaai.business import business

    return business(current_app.extensions["settings"]).zone


def _end(table: Table, plan: Plan, dry_run: bool) -> NoReturn:
    counts = foresee_file(table, plan) if dry_run else load_file(table, plan)
    click.echo(str(counts))
    _say_when_dry(dry_run)
    sys.exit(1 if counts.refused else 0)


def _say_when_dry(dry_run: bool) -> None:
    if dry_run:
        click.echo("This was a dry run: nothing was changed.", err=True)


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


def _make_demo(number: int, dry_run: bool) -> None:
    from kiaai.bot.knowledge import load_demo
    from kiaai.delivery.channels import own_channel
    from kiaai.leads.demo import count_missing, make_up

    channel = own_channel()
    if not channel.is_sandbox:
        raise click.UsageError("The demo is for the sandbox only, and this number is a real one.")
    if dry_run:
        missing = count_missing(number)
        click.echo(f"{missing} created, {number - missing} there already")
        _say_when_dry(dry_run)
        # The channel may have been made just now.
        db.session.rollback()
        return
    load_demo()
    db.session.commit()
    created = 0
    told = Told(lambda: f"{created} leads are made. Run it again for the rest.")
    with ends_clearly(told), progress(number) as bar:
        for done, made in make_up(number, channel.id):
            db.session.commit()
            created += made
            bar.update(done)
    click.echo(f"{created} created, {number - created} there already")
