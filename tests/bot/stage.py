"""The whole way of a message: a webhook brings it, a worker's turn answers, a courier sends to a Graph."""

import itertools
import time
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import func, text, update

from kiaai.bot.llm import LanguageModel
from kiaai.config import Settings
from kiaai.delivery.pacing import Pace
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.models import Conversation, Lead
from kiaai.whatsapp.client import WhatsAppClient
from tests.bot.talk import Bot
from tests.conftest import Signed
from tests.webhook.test_views import body
from tests.webhook.test_views import text as text_item
from tests.whatsapp.conftest import GraphServer, Handler

DANA = "56900000001"


class Stage:
    """A customer on one side, a worker and a Graph on the other."""

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        signed: Signed,
        graph: GraphServer,
        model: LanguageModel | None = None,
    ):
        self.app, self.settings, self._signed, self.graph = app, settings, signed, graph
        self.bot = Bot(app, settings, model)
        self._numbers = itertools.count(1)
        self._client = WhatsAppClient(
            graph.base, "v25.0", "", settings.whatsapp_phone_number_id, is_sandbox=True
        )
        graph.answer = self._accept

    @property
    def conversation(self) -> Conversation:
        """Return the conversation with Dana as it stands now."""
        db.session.expire_all()
        return db.session.query(Conversation).join(Lead).filter(Lead.phone_number == DANA).one()

    @property
    def sent(self) -> list[str]:
        """Return what the Graph was asked to send, oldest first."""
        return [received.json["text"]["body"] for received in self.graph.received]

    def write(self, words: str, *, ago: float = 0, **more: Any) -> dict[str, Any]:
        """Let Dana write so many seconds ago; return the item, to be brought again."""
        item = {**text_item(f"wamid.{uuid4()}", words, DANA, int(time.time() - ago)), **more}
        self.bring(item)
        return item

    def bring(self, *items: dict[str, Any], key: str = "messages", field: str = "messages") -> None:
        raw = body(*items, key=key, field=field)
        assert self.app.test_client().post("/webhook", **self._signed(raw)).status_code == 200
        db.session.expire_all()

    def echo(self, words: str = "Hola, te escribo desde el teléfono") -> None:
        """Let a person of the team answer on the phone app."""
        item = {**text_item(f"wamid.{uuid4()}", words, "56221110000", int(time.time())), "to": DANA}
        self.bring(item, key="message_echoes", field="smb_message_echoes")

    def turn(self) -> None:
        """Let the wait be over, and a worker take the turn if there is one."""
        is_due = update(Conversation).where(Conversation.bot_due_at.is_not(None))
        db.session.execute(is_due.values(bot_due_at=func.clock_timestamp(), turn_until=None))
        db.session.commit()
        self.bot.turn(self.conversation.id)

    def send(self) -> None:
        """Let a courier send all that waits, whatever the pace."""
        id = self.conversation.id
        db.session.execute(text("UPDATE conversations SET lease_token = NULL, lease_until = NULL"))
        db.session.commit()
        with self.app.app_context():
            drain(id, self._client, Pace(self.settings.whatsapp_phone_number_id, 1000))
        db.session.expire_all()

    def answer(self) -> None:
        self.turn()
        self.send()

    def say(self, words: str, *, ago: float = 0) -> None:
        """Let Dana write and be answered."""
        self.write(words, ago=ago)
        self.answer()

    def _accept(self, handler: Handler) -> None:
        wamid = f"wamid.{uuid4()}"
        handler.reply(value={"messaging_product": "whatsapp", "messages": [{"id": wamid}]})
