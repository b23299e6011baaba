"""One-line JSON logs on stderr, with request and message ids and masked phone numbers."""

import json
import logging
import re
import secrets
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from kiaai.config import Settings

SHORTEST_SECRET = 16

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Eight digits or more, with the signs people and addresses put between them. Row ids are shorter, and
# a date is no number.
_NUMBER = re.compile(
    r"(?<![\d.-])(?!\d{4}-\d\d-\d\d)(?:\+|%2B)?"
    r"\d(?:(?:[ ()\u00a0\u2010-\u2013-]|%20){0,2}\d){7,18}(?![\d-])",
    re.IGNORECASE,
)
# Wamids carry the number of the customer, so they are no extra.
_EXTRAS = ("conversation_id", "message_id", "event_id", "seconds", "status", "method")


# They tell of each plug-in and each bell; `openai` would tell what customers wrote.
_TALKATIVE = ("alembic", "celery", "httpx", "httpx2", "openai", "urllib3", "werkzeug")


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        for name in _EXTRAS:
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info:
            line["error"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def mask(text: str) -> str:
    """Return the text with phone numbers reduced to their last three digits."""
    return _NUMBER.sub(lambda match: f"***{match.group()[-3:]}", text)


def init_app(app: Flask, settings: Settings) -> None:
    """Send all logs of this process to stderr as JSON, and give each request an id."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    if len(settings.secret_key) < SHORTEST_SECRET:
        root.warning("SECRET_KEY is short: sessions signed with it can be forged. Use 32 characters or more.")

    @app.before_request
    def _start_request() -> None:
        request_id.set(secrets.token_hex(8))
