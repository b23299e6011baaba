"""`flask webhook`."""

import click
from flask.cli import AppGroup

from kiaai.errors import NotFound
from kiaai.webhook.replay import failed_events, failed_ids
from kiaai.webhook.replay import replay as replay_event

webhook = AppGroup("webhook", help="The journal of what Meta sent.")


@webhook.command("failed")
def failed() -> None:
    """Print id, time, outcome and reason of what could not be applied. Exit code 1 when there is some.

    Example: flask webhook failed
    """
    events = failed_events()
    for event in events:
        click.echo(
            f"{event.id}\t{event.received_at:%Y-%m-%d %H:%M:%SZ}\t{event.outcome}\t{event.error or ''}"
        )
    raise SystemExit(1 if events else 0)


@webhook.command("replay")
@click.argument("event_id", metavar="[ID]", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--failed", "is_failed", is_flag=True, help="All that failed or could not be routed.")
def replay(event_id: int | None, is_failed: bool) -> None:
    """Apply journal rows again. Applying twice changes nothing.

    Example: flask webhook replay --failed
    """
    if (event_id is None) == (not is_failed):
        raise click.UsageError("Give either an id or --failed.")
    ids = failed_ids() if event_id is None else [event_id]
    outcomes = []
    for id in ids:
        try:
            event = replay_event(id)
        except NotFound as missing:
            raise click.ClickException(str(missing)) from None
        outcomes.append(event.outcome)
        click.echo(f"{id}\t{event.outcome}\t{event.error or ''}")
    click.echo(f"{outcomes.count('applied')} of {len(outcomes)} applied", err=True)
    raise SystemExit(0 if all(outcome == "applied" for outcome in outcomes) else 1)
