"""The real parts that all examples share: the webhook, a WhatsApp on loopback and a client for it."""

from flask import Flask
from sqlalchemy import text

from kiaai.config import Settings
from kiaai.delivery.pacing import Pace
from kiaai.extensions import db
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient
from tests.conftest import Signed
from tests.webhook.test_views import body

RATE_PER_SECOND = 1000
_CONVERSATION = text(
    "SELECT c.id FROM conversations c JOIN leads l ON l.id = c.lead_id WHERE l.phone_number = :number"
)
_PASS_TIME = (
    "UPDATE messages SET next_attempt_at = NULL WHERE status = 'queued'",
    "UPDATE conversations SET talk_due_at = clock_timestamp() WHERE talk_due_at IS NOT NULL",
    "UPDATE conversations SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL",
    "UPDATE channels SET hold_until = NULL, fail_count = 0, paused_at = NULL, next_slot_at = NULL",
    "UPDATE orphan_receipts SET next_try_at = clock_timestamp()",
)


class World:
    """What customers, WhatsApp and the clock can do."""

    def __init__(self, app: Flask, settings: Settings, signed: Signed, whatsapp: SandboxServer):
        self.app, self.settings, self.whatsapp, self._signed = app, settings, whatsapp, signed
        self.sender = WhatsAppClient(
            whatsapp.url,
            settings.whatsapp_api_version,
            settings.whatsapp_api_token,
            settings.whatsapp_phone_number_id,
            is_sandbox=True,
        )

    def pace(self) -> Pace:
        """Give a pace of a thread's own."""
        return Pace(self.settings.whatsapp_phone_number_id, RATE_PER_SECOND)

    def post(self, raw: bytes) -> int:
        return self.app.test_client().post("/webhook", **self._signed(raw)).status_code

    def deliver(self, *items: dict[str, object], key: str = "messages") -> None:
        assert self.post(body(*items, key=key)) == 200

    def conversation_id(self, number: str) -> int:
        return int(db.session.execute(_CONVERSATION, {"number": number}).scalar_one())

    def pass_time(self) -> None:
        for statement in _PASS_TIME:
            db.session.execute(text(statement))
        db.session.commit()
