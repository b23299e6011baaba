"""`/healthz`: this process is alive. `/readyz`: what is behind it, within a second."""

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kiaai.extensions import db
from kiaai.web.answers import error_json
from kiaai.whatsapp.explanations import explain_pause

bp = Blueprint("health", __name__)

ANSWER_SECONDS = 0.9
BROKER_SECONDS = 0.3
_PORTS = {"amqp": 5672, "amqps": 5671}

# One of each at a time: a look-up that hangs holds back the next, never the answer.
_database_probe = ThreadPoolExecutor(1, "ready-database")
_broker_probe = ThreadPoolExecutor(1, "ready-broker")

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
      (SELECT count(*) FROM orphan_receipts) AS orphan_receipts,
      (SELECT count(*) FROM webhook_events WHERE outcome IN ('failed', 'unroutable')) AS failed_webhooks,
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
    broker = _broker_probe.submit(_is_reachable, current_app.extensions["settings"])
    try:
        state = _database_probe.submit(_read_state, app).result(ANSWER_SECONDS)
    except (SQLAlchemyError, TooLate):
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
