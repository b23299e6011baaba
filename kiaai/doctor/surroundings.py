"""What stands around the database: the broker and the disk."""

import shutil
from collections.abc import Iterator

from flask import Flask
from kombu.exceptions import KombuError

from kiaai.config import Settings
from kiaai.doctor.findings import Finding, look, ok
from kiaai.extensions import celery

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
        return look("disk", f"The instance folder cannot be read: {error.strerror}. Check INSTANCE_PATH.")
    free = f"{free_bytes / 10**9:,.1f} GB free"
    if free_bytes > LEAST_FREE_BYTES:
        return ok("disk", f"{free}.")
    return look("disk", f"Only {free}. Make room: without it files of customers wait, and then the database.")


def _broker(settings: Settings) -> Finding:
    try:
        with celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except (OSError, KombuError):
        way_out = "Check BROKER_URL." if settings.broker_url else "Start it: make run"
        return look("broker", f"It does not answer. Work goes on, up to 5 s slower. {way_out}")
    return ok("broker", "It answers.")
