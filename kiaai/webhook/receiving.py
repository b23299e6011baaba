"""From raw bytes to the journal: read the body, find our channels, apply, and say what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import text

from kiaai.config import Settings
from kiaai.delivery.channels import MAKE_CHANNEL, channel_values
from kiaai.webhook.erased_ids import key_of
from kiaai.webhook.intake import retried, take, transaction
from kiaai.webhook.taking import Journal, Options, Taken
from kiaai.whatsapp.inbound import Batch, UnreadableBody, parse

LONGEST_ERROR = 2000
EMPTY = Batch((), (), (), (), (), (), (), (), frozenset())

# Phone number id to channel id. Channels are added, never removed or renumbered. Replaced as a whole,
# never changed: other threads are reading it.
_channels: dict[str, dict[str, int]] = {"known": {}}


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a body: the journal's outcome and reason, and what was left behind."""

    outcome: str
    error: str | None
    taken: Taken


def receive(raw: bytes, received_at: datetime, settings: Settings, event_id: int | None = None) -> Received:
    """Store a signed body with all its effects, and commit. event_id: the journal row to apply again.

    What cannot be read or routed is kept in the journal with its reason. Raises OperationalError when
    the database is away.
    """
    try:
        batch = parse(raw, received_at)
    except UnreadableBody as error:
        batch = replace(EMPTY, problems=(str(error),))
    channel_ids = _channel_ids(batch.phone_number_ids, settings)
    options = Options(
        received_at,
        settings.bot_enabled,
        settings.bot_wait_seconds,
        channel_ids,
        key_of(settings.secret_key),
    )
    journal = _journal(raw, batch, channel_ids, event_id)
    taken = take(batch, journal, options)
    if taken.is_emptied:
        return Received("erased", None, taken)
    if taken.errors:
        return Received("failed", "; ".join(taken.errors)[:LONGEST_ERROR], taken)
    return Received(journal.outcome, journal.error, taken)


def forget_channels() -> None:
    """Read the channels anew with the next body; for a database that was replaced."""
    _channels["known"] = {}


def _journal(raw: bytes, batch: Batch, channel_ids: Mapping[str, int], event_id: int | None) -> Journal:
    foreign = sorted(batch.phone_number_ids - channel_ids.keys())
    if batch.problems:
        return Journal(raw, "failed", "; ".join(batch.problems)[:LONGEST_ERROR], event_id)
    if foreign:
        reason = f"not a number of ours: {', '.join(foreign)}"
        return Journal(raw, "unroutable", reason[:LONGEST_ERROR], event_id)
    return Journal(raw, "applied", "; ".join(batch.notes)[:LONGEST_ERROR] or None, event_id)


def _channel_ids(phone_number_ids: frozenset[str], settings: Settings) -> dict[str, int]:
    known = _channels["known"]
    if not phone_number_ids <= known.keys():
        known = _channels["known"] = retried(lambda: _read_channels(settings))
    return {number: known[number] for number in phone_number_ids if number in known}


def _read_channels(settings: Settings) -> dict[str, int]:
    with transaction() as connection:
        connection.execute(MAKE_CHANNEL, channel_values(settings))
        found = connection.execute(text("SELECT phone_number_id, id FROM channels")).all()
    return {row.phone_number_id: row.id for row in found}
