"""The doctor: is everything well, and if not, what to do."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from kombu.exceptions import KombuError
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from kiaai import clock
from kiaai.config import Settings
from kiaai.delivery import hold
from kiaai.delivery.channels import own_channel
from kiaai.extensions import celery, db
from kiaai.models import Process
from kiaai.webhook.replay import failed_ids
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError

LONGEST_SILENCE = timedelta(minutes=1)
LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One line of the doctor. advice: what to do, empty when all is well."""

    name: str
    is_well: bool
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything and return a finding each; never raises."""
    findings = [_database()]
    if findings[0].is_well:
        findings += [check() for check in _NEED_DATABASE]
    return [*findings, _broker(), _whatsapp(), _disk()]


def _database() -> Finding:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return Finding("database", False, "It does not answer. Start it, or check DATABASE_URL.")
    return Finding("database", True)


def _migrations() -> Finding:
    scripts = ScriptDirectory(current_app.extensions["migrate"].directory)
    current = MigrationContext.configure(db.session.connection()).get_current_revision()
    is_well = current == scripts.get_current_head()
    return Finding("migrations", is_well, "" if is_well else "Run: flask db upgrade")


def _worker() -> Finding:
    seen_at = db.session.scalar(select(func.max(Process.seen_at)))
    is_well = seen_at is not None and seen_at > clock.now() - LONGEST_SILENCE
    return Finding("worker", is_well, "" if is_well else "No worker was seen for a minute. Start one.")


def _clock() -> Finding:
    database_now = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    is_well = abs(database_now - clock.now()) < timedelta(seconds=5)
    return Finding(
        "clock", is_well, "" if is_well else "The clocks here and at the database differ: use NTP."
    )


def _channel() -> Finding:
    channel = own_channel()
    is_well = channel.paused_at is None
    return Finding("channel", is_well, "" if is_well else f"Sending is paused: {channel.paused_reason}")


def _hold() -> Finding:
    held = hold.held()
    advice = f"{held.count} message(s) are held: {held.reason} Run: flask delivery release" if held else ""
    return Finding("delivery", held is None, advice)


def _journal() -> Finding:
    count = len(failed_ids())
    return Finding(
        "journal", count == 0, f"{count} could not be applied. Run: flask webhook failed" if count else ""
    )


def _broker() -> Finding:
    try:
        with celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except (OSError, KombuError):
        return Finding(
            "broker", False, "It does not answer. Work goes on, up to 5 s slower. Check BROKER_URL."
        )
    return Finding("broker", True)


def _whatsapp() -> Finding:
    client: WhatsAppClient = current_app.extensions["whatsapp"]
    try:
        client.look_up_number()
    except GraphError as error:
        return Finding("whatsapp", False, f"The number could not be looked up: {error}")
    return Finding("whatsapp", True)


def _disk() -> Finding:
    settings: Settings = current_app.extensions["settings"]
    free_bytes = shutil.disk_usage(settings.instance_path).free
    is_well = free_bytes > LEAST_FREE_BYTES
    return Finding("disk", is_well, "" if is_well else f"Only {free_bytes // 10**6} MB are free.")


_NEED_DATABASE: tuple[Callable[[], Finding], ...] = (
    _migrations,
    _worker,
    _clock,
    _channel,
    _hold,
    _journal,
)
