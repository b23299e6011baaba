"""`flask delivery`."""

import click
from flask.cli import AppGroup

from kiaai.delivery import hold as holding
from kiaai.extensions import db

delivery = AppGroup("delivery", help="Hold what is queued, or let it go.")


@delivery.command("hold")
@click.option("--reason", default="Held from the command line.", show_default=True, help="What people read.")
def hold(reason: str) -> None:
    """Keep everything queued until now where it is; what is queued later goes as usual.

    Example: flask delivery hold --reason "Wrong prices"
    """
    holding.hold(reason)
    db.session.commit()
    held = holding.held()
    click.echo(f"{held.count if held else 0} message(s) are held.", err=True)


@delivery.command("release")
@click.option("--cancel", "is_cancel", is_flag=True, help="Cancel what is held instead of sending it.")
def release(is_cancel: bool) -> None:
    """Let what is held go, or cancel it.

    Example: flask delivery release --cancel
    """
    count = holding.cancel_held() if is_cancel else holding.release()
    db.session.commit()
    click.echo(f"{count} message(s) {'cancelled' if is_cancel else 'go now'}.", err=True)
