"""The endpoint that Meta calls: the handshake, and signed bodies."""

import hmac
import logging

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError, TimeoutError

from kiaai import clock
from kiaai.config import Settings
from kiaai.extensions import csrf
from kiaai.webhook.receiving import receive
from kiaai.whatsapp.signature import is_signed
from kiaai.worker.doorbells import ring_bot, ring_files

log = logging.getLogger(__name__)
bp = Blueprint("webhook", __name__)

BODY_LIMIT_BYTES = 4 * 1024 * 1024


@bp.get("/webhook")
def verify() -> ResponseReturnValue:
    """Answer Meta's handshake with the challenge, as plain text and nothing around it."""
    token = request.args.get("hub.verify_token", "")
    expected = _settings().whatsapp_verify_token
    is_ours = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), expected.encode())
    if request.args.get("hub.mode") != "subscribe" or not is_ours:
        return _refusal(403, "This is not the verify token. Compare it with WHATSAPP_VERIFY_TOKEN.")
    return Response(request.args.get("hub.challenge", ""), mimetype="text/plain")


@bp.post("/webhook")
@csrf.exempt
def take_body() -> ResponseReturnValue:
    """Store a signed body and all its effects, then answer 200."""
    request.max_content_length = BODY_LIMIT_BYTES
    raw = request.get_data(cache=False)
    if not is_signed(raw, request.headers.get("X-Hub-Signature-256"), _settings().whatsapp_app_secrets):
        log.warning("A webhook body with a missing or wrong signature was refused")
        return _refusal(401, "The signature is missing or wrong. Compare WHATSAPP_APP_SECRET with Meta's.")
    try:
        taken = receive(raw, clock.now(), _settings()).taken
    except (OperationalError, TimeoutError) as error:
        # Meta sends it again, with growing pauses, for days.
        cause = type(getattr(error, "orig", None) or error).__name__
        log.error("The database is away or busy; a webhook body was not taken (%s)", cause)
        return Response("unavailable\n", 503, mimetype="text/plain", headers={"Retry-After": "5"})
    for conversation_id in taken.bot_conversations:
        ring_bot(conversation_id, _settings().bot_wait_seconds)
    for attachment_id in taken.attachments:
        ring_files(attachment_id)
    return Response("ok\n", mimetype="text/plain")


def _refusal(status: int, reason: str) -> Response:
    """Answer in plain text: whoever reads it is setting things up at Meta."""
    return Response(f"{reason}\n", status, mimetype="text/plain")


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
