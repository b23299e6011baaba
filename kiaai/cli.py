"""The `flask` command line: each command parses, calls one verb of a room, and prints."""

import click
from flask import Flask, current_app


@click.command("doctor")
def doctor() -> None:
    """Examine database, worker, queues, WhatsApp, broker and disk. Exit code 1 when something needs doing.

    Example: flask doctor
    """
    from kiaai.doctor.examining import examine
    from kiaai.doctor.findings import are_well

    findings = examine(current_app._get_current_object())  # type: ignore[attr-defined]  # what the proxy stands for
    for finding in findings:
        click.echo(f"{finding.state.upper():<6}{finding.name:<13}{finding.text}".rstrip())
    raise SystemExit(0 if are_well(findings) else 1)


def init_app(app: Flask) -> None:
    """Register the commands."""
    from kiaai.accounts.commands import keys, users, welcome
    from kiaai.bot.commands import knowledge
    from kiaai.bot.evaluate_command import bot
    from kiaai.delivery.commands import delivery
    from kiaai.leads.commands import leads
    from kiaai.sandbox.commands import sandbox
    from kiaai.webhook.commands import webhook

    for command in (users, keys, welcome, leads, knowledge, bot, webhook, delivery, sandbox, doctor):
        app.cli.add_command(command)
