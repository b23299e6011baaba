"""The `flask` command line: each command parses, calls one verb of a room, and prints."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the commands."""
    from kiaai.accounts.commands import keys, users, welcome
    from kiaai.leads.commands import leads

    for command in (users, keys, welcome):
        app.cli.add_command(command)
    app.cli.add_command(leads)
