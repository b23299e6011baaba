"""`flask leads erase`: forget a person who asks for it."""

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from kiaai.errors import NotFound, ValidationFailed
from kiaai.leads.erasing import count
from kiaai.leads.finding import find_lead
from kiaai.leads.forgetting import forget
from kiaai.leads.pipeline import Actor


@click.command("erase")
@click.argument("who", metavar="PHONE|id:ID")
@click.option("--dry-run", is_flag=True, help="Say how much would go, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def erase(who: str, dry_run: bool, yes: bool) -> None:
    """Forget a person for good: messages, files, notes, numbers and names, also in the journal.

    What stays are counts, times and hashed ids, and that somebody was erased. It cannot be undone. A person
    who writes again is somebody new. Exit code 0: done. 1: nobody was erased. 2: wrong use.

    Example: flask leads erase "+56 9 0000 0001" --dry-run
    """
    lead = find_lead(who)
    if lead is None:
        _end("Nobody is known by this number or id.")
        return
    _tell(
        {name: number for name, number in count(lead).items() if number}, "would go" if dry_run else "will go"
    )
    if dry_run:
        return
    if not yes:
        typed = click.prompt("This cannot be undone. Type the number or id again to go on", err=True)
        found = find_lead(typed)
        if found is None or found.id != lead.id:
            _end("That is not the same. Nothing was done.")
    _forget(lead.id)


def _forget(lead_id: int) -> None:
    try:
        done = forget(lead_id, Actor("system"), current_app.extensions["settings"].secret_key)
    except (NotFound, ValidationFailed) as refused:
        _end(str(refused))
        return
    _tell({name: number for name, number in done.counts.items() if number}, "erased")


def _tell(counts: dict[str, int], what: str) -> None:
    names = (f"{number} {name.replace('_', ' ')}" for name, number in counts.items())
    click.echo(f"{', '.join(names) or 'a lead with nothing else'} {what}")


def _end(reason: str) -> None:
    click.echo(reason, err=True)
    sys.exit(1)
