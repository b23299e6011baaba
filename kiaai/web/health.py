"""`/healthz`: this process is alive. `/readyz`: what is behind it, within a second."""

import logging
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Flask, Response, current_app, jsonify
from flask.sansio.blueprints import BlueprintSetupState
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kiaai.extensions import db
from kiaai.web.answers import error_json
from kiaai.whatsapp.explanations import explain_pause

bp = Blueprint("health", __name__)
log = logging.getLogger(__name__)

T = TypeVar("T")

ANSWER_SECONDS = 0.9
BROKER_SECONDS = 0.3
_PORTS = {"amqp": 5672, "amqps": 5671}


class Probe:
    """A look-up that runs once at a time: who asks while it hangs waits for the same answer."""

    def __init__(self, name: str):
        self._thread = ThreadPoolExecutor(1, name)
        self._lock = Lock()
        self._latest: Future[Any] | None = None

    def ask(self, look_up: Callable[..., T], *arguments: Any) -> "Future[T]":
        with self._lock:
            if self._latest is None or self._latest.done():
                self._latest = self._thread.submit(look_up, *arguments)
            return self._latest


@bp.record_once
def _make_probes(state: BlueprintSetupState) -> None:
    state.app.extensions["probes"] = Probe("ready-database"), Probe("ready-broker")


_STATE = text(
    """
    SELECT
      (SELECT max(seen_at) FROM processes) AS worker_seen_at,
      (SELECT greatest(0, extract(epoch FROM clock_timestamp() - least(
        (SELECT min(talk_due_at) FROM conversations c JOIN channels h ON h.id = c.channel_id
          WHERE talk_due_at IS NOT NULL AND h.paused_at IS NULL),
        (SELECT min(campaign_due_at) FROM conversations c JOIN channels h ON h.id = c.channel_id
          WHERE campaign_due_at IS NOT NULL AND h.paused_at IS NULL),
        (SELECT min(bot_due_at) FROM conversations WHERE bot_due_at IS NOT NULL)
      )))::float) AS oldest_due_seconds,
      (SELECT count(*) FROM (SELECT FROM orphan_receipts LIMIT 10000) few) AS orphan_receipts,
      (SELECT count(*) FROM (SELECT FROM webhook_events WHERE outcome IN ('failed', 'unroutable')
        LIMIT 10000) few) AS failed_webhooks,
      (SELECT held_reason FROM installation WHERE held_at IS NOT NULL) AS held,
      (SELECT count(*) > 0 FROM channels WHERE paused_at IS NOT NULL AND phone_number_id = :number) AS paused,
      (SELECT paused_code FROM channels WHERE phone_number_id = :number) AS paused_code
    """
)


@bp.get("/healthz")
def alive() -> Response:
    return jsonify(status="ok")


@bp.get("/readyz")
def ready() -> Response:
    """Answer 200 while the database does; a broker that is down is reported, as work goes on without."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for
    database_probe, broker_probe = app.extensions["probes"]
    broker = broker_probe.ask(_is_reachable, app.extensions["settings"])
    try:
        state = database_probe.ask(_read_state, app).result(ANSWER_SECONDS)
    except (SQLAlchemyError, TooLate) as error:
        log.warning("Not ready: the database does not answer (%s)", type(error).__name__)
        response = error_json(503, "unavailable", "The database does not answer.")
        response.headers["Retry-After"] = "5"
        return response
    try:
        is_broker_up = broker.result(BROKER_SECONDS)
    except TooLate:
        is_broker_up = False
    return jsonify(status="ok", database="up", broker="up" if is_broker_up else "down", **state)


def _read_state(app: Flask) -> dict[str, Any]:
    number = app.extensions["settings"].whatsapp_phone_number_id
    with app.app_context():
        db.session.execute(text("SET LOCAL statement_timeout = 800"))
        row = db.session.execute(_STATE, {"number": number}).mappings().one()
        state = dict(row)
        db.session.rollback()
    seen_at, paused_code = state["worker_seen_at"], state.pop("paused_code")
    return {
        **state,
        "worker_seen_at": seen_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if seen_at
        else None,
        # The title alone: WhatsApp's own words may name accounts, and this page is public.
        "paused": explain_pause(paused_code).title if state["paused"] else None,
        "oldest_due_seconds": round(state["oldest_due_seconds"] or 0, 1),
    }


def _is_reachable(settings: Any) -> bool:
    """Tell whether something listens where the broker should be. Asks for no more: it must be quick."""
    from kiaai import embedded

    parts = urlsplit(embedded.broker_url(settings))
    try:
        if parts.scheme.endswith("+socket"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(BROKER_SECONDS)
                connection.connect(unquote(parts.path))
        else:
            address = (parts.hostname or "localhost", parts.port or _PORTS.get(parts.scheme, 6379))
            socket.create_connection(address, BROKER_SECONDS).close()
    except OSError:
        return False
    return True
