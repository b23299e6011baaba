"""`flask users`, `flask api-keys` and `flask welcome`."""

import sys

import click
from flask import current_app
from flask.cli import AppGroup

from kiaai.accounts import api_keys, first_admin, links, people
from kiaai.accounts.passwords import find_by_email
from kiaai.bot.knowledge import load_demo_once
from kiaai.config import Settings
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db

users = AppGroup("users", help="The people of the team.")
keys = AppGroup("api-keys", help="The keys of the JSON API.")


@users.command("create")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice(people.ROLES),
    default="member",
    show_default=True,
    help="Admins also see settings, people, keys and the journal.",
)
@click.option("--name", default="", help="As the team sees it.")
def create_user(email: str, role: str, name: str) -> None:
    """Add a person. The password comes from a prompt, or is the first line of standard input.

    Example: flask users create ana@example.com --role admin --name Ana
    """
    try:
        user = people.create_person(email, role, name, _read_password())
    except ValidationFailed as refused:
        raise _usage_error(refused) from None
    db.session.commit()
    click.echo(f"{user.email} can sign in as {user.role}.", err=True)


@users.command("list")
def list_users() -> None:
    """Print e-mail, role and state of each person.

    Example: flask users list
    """
    for user in people.list_people():
        state = "deactivated" if not user.active else "active" if user.password else "invited"
        click.echo(f"{user.email}\t{user.role}\t{state}")


@users.command("link")
@click.argument("email")
def make_link(email: str) -> None:
    """Print a one-time link by which the person sets a new password; their sessions end.

    Example: flask users link ana@example.com
    """
    user = find_by_email(email)
    if user is None or not user.active:
        raise click.ClickException("Nobody active has this address.")
    people.end_sessions(user)
    db.session.commit()
    click.echo(links.invitation_link(user))


@keys.command("create")
@click.argument("name")
def create_key(name: str) -> None:
    """Make a key and print it, alone, on standard output. It is not shown again.

    Example: flask api-keys create "My shop"
    """
    try:
        _, token = api_keys.create_key(name)
    except ValidationFailed as refused:
        raise _usage_error(refused) from None
    db.session.commit()
    click.echo(token)


@keys.command("list")
def list_keys() -> None:
    """Print id, beginning, name and state of each key.

    Example: flask api-keys list
    """
    for key in api_keys.list_keys():
        state = "revoked" if key.revoked_at else "active"
        click.echo(f"{key.id}\t{key.prefix}…\t{key.name}\t{state}")


@keys.command("revoke")
@click.argument("key_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def revoke_key(key_id: int) -> None:
    """End a key at once.

    Example: flask api-keys revoke 3
    """
    try:
        key = api_keys.revoke_key(key_id)
    except NotFound as missing:
        raise click.ClickException(str(missing)) from None
    db.session.commit()
    click.echo(f"The key {key.name} no longer works.", err=True)


@click.command("welcome")
def welcome() -> None:
    """Print where to go; makes the first admin from the settings, or prints a one-time link for it.

    In the sandbox the bot of a fresh installation learns the demo articles.

    Example: flask welcome
    """
    settings: Settings = current_app.extensions["settings"]
    has_admin = first_admin.make_from_settings(settings)
    lines = [("Dashboard", links.base_url())]
    if settings.is_sandbox:
        load_demo_once()
        db.session.commit()
        lines.append(("A customer's phone", settings.sandbox_url))
    if not has_admin and not people.has_people():
        lines.append(("Make the first admin (once)", links.first_admin_link()))
    width = max(len(label) for label, _ in lines)
    click.echo("\n".join(["", *(f"  {label:<{width}}  {url}" for label, url in lines), ""]))


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _usage_error(refused: ValidationFailed) -> click.UsageError:
    reasons = " ".join(f"{name}: {' '.join(why)}" for name, why in refused.fields.items())
    return click.UsageError(f"{refused.message} {reasons}".strip())
