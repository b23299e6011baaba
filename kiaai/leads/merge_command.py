"""`flask leads merge`: make one lead of two, or part them again."""

import sys

import click
from flask.cli import with_appcontext

from kiaai.errors import KiaAiError
from kiaai.extensions import db
from kiaai.leads.finding import find_lead
from kiaai.leads.merging import merge, undo
from kiaai.leads.merging_preview import preview
from kiaai.leads.pipeline import Actor
from kiaai.models import Lead, Merge
from kiaai.transactions import commit

_BY = Actor("system")


class _Unknown(KiaAiError):
    """Nobody and nothing has this name. Said in a shell alone."""


@click.command("merge")
@click.argument("keep", required=False, metavar="[KEEP")
@click.argument("other", required=False, metavar="OTHER]")
@click.option("--dry-run", is_flag=True, help="Say what would be moved, and do nothing.")
@click.option(
    "--undo", "merge_id", type=click.IntRange(1, 2**63 - 1), metavar="MERGE_ID", help="Part them again."
)
@with_appcontext
def merge_leads(keep: str | None, other: str | None, dry_run: bool, merge_id: int | None) -> None:
    """Give all that OTHER has to KEEP: messages, notes, tags, history. Each conversation goes on answering
    the number that it answered before.

    KEEP and OTHER are numbers in any form, id:<lead id>, or business-scoped ids. The id of the merge is
    printed alone on standard output; --undo takes it. Exit code 0: done. 1: nobody of that name, or a message
    is just going out. 2: wrong use.

    Example: flask leads merge "+56 9 0000 0001" id:17 --dry-run
    """
    if (merge_id is None) == (keep is None or other is None) or (merge_id and (keep or dry_run)):
        raise click.UsageError("Give KEEP and OTHER, or --undo MERGE_ID alone.")
    try:
        if merge_id is not None:
            _part(merge_id)
        elif dry_run:
            _foresee(_found(keep or ""), _found(other or ""))
        else:
            _merge(keep or "", other or "")
    except KiaAiError as refused:
        db.session.rollback()
        _end(str(refused))


def _merge(keep: str, other: str) -> None:
    def work() -> tuple[int, str]:
        kept, gone = _found(keep), _found(other)
        told = _counts(kept, gone)
        return merge(kept, gone, _BY).id, told

    merge_id, told = commit(work)
    click.echo(f"{told} moved", err=True)
    click.echo(merge_id)


def _foresee(keep: Lead, other: Lead) -> None:
    told = _counts(keep, other)
    click.echo(f"{told} would go from {_named(other)} to {_named(keep)}")


def _part(merge_id: int) -> None:
    def work() -> tuple[int, int, list[str]]:
        row = db.session.get(Merge, merge_id)
        if row is None:
            raise _Unknown("There is no such merge.")
        undone = undo(row, _BY)
        return undone.keep_id, undone.other_id, [str(reason) for reason in undone.left]

    keep_id, other_id, left = commit(work)
    for reason in left:
        click.echo(reason, err=True)
    click.echo(f"id:{keep_id} and id:{other_id} are two again")


def _counts(keep: Lead, other: Lead) -> str:
    found = preview(keep, other)
    return ", ".join(f"{number} {name}" for name, number in found.counts.items())


def _named(lead: Lead) -> str:
    return f"id:{lead.id}"


def _found(reference: str) -> Lead:
    lead = find_lead(reference)
    if lead is None:
        raise _Unknown(f"Nobody is known as {reference}.")
    return lead


def _end(reason: str) -> None:
    click.echo(reason, err=True)
    sys.exit(1)
