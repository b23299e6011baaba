"""What stands around the database: the broker and the disk."""

import shutil
from collections.abc import Iterator

from flask import Flask
from kombu.exceptions import KombuError

from kiaai.config import Settings
from kiaai.doctor.findings import Finding, look, ok
from kiaai.extensions import celery
from kiaai.texts import lazy

NAMES = ("disk", "broker")

LEAST_FREE_BYTES = 1_000_000_000
BROKER_SECONDS = 2


def examine(app: Flask, until: float) -> Iterator[Finding]:
    """Yield a finding for each of NAMES."""
    settings: Settings = app.extensions["settings"]
    yield _disk(settings)
    yield _broker(settings)


def _disk(settings: Settings) -> Finding:
    try:
        free_bytes = shutil.disk_usage(settings.instance_path).free
    except OSError as error:
        why = error.strerror
        return look(
            "disk", lazy("The instance folder cannot be read: %(why)s. Check INSTANCE_PATH.", why=why)
        )
    free = f"{free_bytes / 10**9:,.1f}"
    if free_bytes > LEAST_FREE_BYTES:
        return ok("disk", lazy("%(free)s GB free.", free=free))
    told = lazy(
        "Only %(free)s GB free. Make room: without it files of customers wait, and then the database.",
        free=free,
    )
    return look("disk", told)


def _broker(settings: Settings) -> Finding:
    try:
        with celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except (OSError, KombuError):
        way_out = lazy("Check BROKER_URL.") if settings.broker_url else lazy("Start it: make run")
        told = lazy("It does not answer. Work goes on, up to 5 s slower. %(way_out)s", way_out=way_out)
        return look("broker", told)
    return ok("broker", lazy("It answers."))
