"""The `flask` command line: each command parses, calls one verb of a room, and prints."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the commands."""
    from kiaai.leads.commands import leads

    app.cli.add_command(leads)
