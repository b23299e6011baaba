"""The `flask` command line: each command parses, calls one verb of a room, and prints."""

import click
from flask import Flask


@click.command("doctor")
def doctor() -> None:
    """Examine database, broker, worker, number and disk. Exit code 1 when something needs doing."""
    from kiaai.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(f"{'OK  ' if finding.is_well else 'LOOK'}  {finding.name:<12}{finding.advice}".rstrip())
    raise SystemExit(0 if all(finding.is_well for finding in findings) else 1)


def init_app(app: Flask) -> None:
    """Register the commands."""
    from kiaai.accounts.commands import keys, users, welcome
    from kiaai.bot.commands import knowledge
    from kiaai.delivery.commands import delivery
    from kiaai.leads.commands import leads
    from kiaai.sandbox.commands import sandbox
    from kiaai.webhook.commands import webhook

    for command in (users, keys, welcome, leads, knowledge, webhook, delivery, sandbox, doctor):
        app.cli.add_command(command)
