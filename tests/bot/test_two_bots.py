"""Two installations that write to each other: both say a few things, and then there is silence."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from kiaai import create_app
from kiaai.bot.knowledge import load_demo
from kiaai.bot.manager import ConversationManager
from kiaai.config import Settings
from kiaai.delivery.pacing import Pace
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.models import BotTurn, Channel, Conversation
from kiaai.whatsapp.client import WhatsAppClient
from tests.conftest import PHONE_NUMBER_ID, Signed, make_conversation, make_settings
from tests.webhook.test_views import body
from tests.webhook.test_views import text as text_item
from tests.whatsapp.conftest import GraphServer, Handler

pytestmark = pytest.mark.committed

OTHER_NUMBER_ID = "200000000000002"
NUMBERS = {PHONE_NUMBER_ID: "56221110000", OTHER_NUMBER_ID: "56221110001"}
# What answers, and the last word of the one that leaves it to a person.
MOST_BUBBLES = 5
OPENINGS = ("Hola", "¿A qué hora abren?", "What time do you open?", "👋 hola, ¿eres un bot?")


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    yield from GraphServer.running()


class Installation:
    """One of the two, with a number of its own; the other's number is its only customer."""

    def __init__(self, app: Flask, signed: Signed, graph: GraphServer):
        self.app, self._signed = app, signed
        self.settings: Settings = app.extensions["settings"]
        self.number_id = self.settings.whatsapp_phone_number_id
        self._client = WhatsAppClient(graph.base, "v25.0", "", self.number_id, is_sandbox=True)
        other = next(number for id, number in NUMBERS.items() if id != self.number_id)
        channel = Channel(phone_number_id=self.number_id, is_sandbox=True)
        db.session.add(channel)
        db.session.commit()
        self.id = make_conversation(channel, f"{other}{len(self.number_id)}", "Otro bot").id
        self.customer = f"{other}{len(self.number_id)}"

    def hear(self, words: str, at: float) -> None:
        raw = body(text_item(f"wamid.{uuid4()}", words, self.customer, int(at)))
        raw = raw.replace(PHONE_NUMBER_ID.encode(), self.number_id.encode())
        assert self.app.test_client().post("/webhook", **self._signed(raw)).status_code == 200

    def answer(self) -> None:
        with self.app.app_context():
            db.session.execute(
                text("UPDATE conversations SET bot_due_at = clock_timestamp() WHERE bot_due_at IS NOT NULL")
            )
            db.session.commit()
            ConversationManager(self.settings).turn(self.id)
            drain(self.id, self._client, Pace(self.number_id, 1000))

    def decisions(self) -> list[tuple[str, str | None]]:
        rows = db.session.query(BotTurn).filter_by(conversation_id=self.id).order_by(BotTurn.id)
        return [(row.decision, row.reason) for row in rows]


@pytest.mark.parametrize("seconds", (3, 8))
@pytest.mark.parametrize(
    "opening", ("Hola", "¿A qué hora abren?", "What time do you open?", "👋 hola, ¿eres un bot?")
)
def test_two_installations_fall_silent_after_a_few_bubbles(
    app: Flask,
    signed: Signed,
    graph: GraphServer,
    tmp_path: Path,
    database_url: str,
    opening: str,
    seconds: int,
) -> None:
    load_demo()
    db.session.commit()
    settings = make_settings(database_url, tmp_path, WHATSAPP_PHONE_NUMBER_ID=OTHER_NUMBER_ID)
    pair = [Installation(each, signed, graph) for each in (app, create_app(settings))]
    graph.answer = _accept
    clock = itertools.count(int(time.time()) - 200, seconds)

    heard, words = itertools.cycle(pair), [opening]
    for _ in range(40):
        if not words:
            break
        installation = next(heard)
        installation.hear(words[0], next(clock))
        before = len(graph.received)
        installation.answer()
        words = [received.json["text"]["body"] for received in graph.received[before:]]

    said = [sum(each.number_id in received.path for received in graph.received) for each in pair]
    assert words == [], f"they would go on for ever: {[each.decisions() for each in pair]}"
    assert max(said) <= MOST_BUBBLES
    assert db.session.query(Conversation).filter(Conversation.bot_quiet_until.is_not(None)).count() >= 1


def _accept(handler: Handler) -> None:
    handler.reply(value={"messaging_product": "whatsapp", "messages": [{"id": f"wamid.{uuid4()}"}]})
