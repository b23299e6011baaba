"""Two workers with connections of their own, and the whole way from webhook to answer."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, update

from kiaai import clock
from kiaai.bot.knowledge import load_demo
from kiaai.bot.manager import ConversationManager
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import Channel, Conversation
from tests.bot.talk import Bot, said, say, turns
from tests.conftest import PHONE_NUMBER_ID, Signed, make_conversation


@pytest.mark.committed
def test_two_turns_at_once_answer_once(app: Flask, dana: Conversation, settings: Settings) -> None:
    load_demo()
    say(dana, "¿A qué hora abren?")
    conversation_id, start = dana.id, Barrier(4)

    def take_turn(_: int) -> None:
        with app.app_context():
            start.wait(timeout=10)
            ConversationManager(settings).turn(conversation_id)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(take_turn, range(4)))

    assert len(said(dana)) == 1
    assert turns(dana) == [("answer", "knowledge")]


@pytest.mark.committed
def test_turns_of_many_conversations_run_side_by_side(
    app: Flask, channel: Channel, settings: Settings
) -> None:
    load_demo()
    conversations = [make_conversation(channel, f"5690000{n:04}", f"Cliente {n}") for n in range(10)]
    for number, conversation in enumerate(conversations):
        say(conversation, "humano" if number % 2 else "STOP")

    def take_turn(conversation_id: int) -> None:
        with app.app_context():
            ConversationManager(settings).turn(conversation_id)

    with ThreadPoolExecutor(5) as workers:
        list(workers.map(take_turn, [c.id for c in conversations for _ in range(2)]))

    assert [len(said(conversation)) for conversation in conversations] == [1] * 10


def test_a_webhook_gets_an_answer(client: FlaskClient, channel: Channel, signed: Signed, bot: Bot) -> None:
    load_demo()
    db.session.commit()

    response = client.post("/webhook", **signed(_text_webhook("¿A qué hora abren?")))
    conversation = db.session.query(Conversation).one()
    db.session.execute(update(Conversation).values(bot_due_at=func.clock_timestamp()))
    db.session.commit()
    bot.turn(conversation.id)

    assert response.status_code == 200
    assert "9:30 a 19:00" in said(conversation)[0]


def _text_webhook(text: str) -> bytes:
    message: dict[str, object] = {
        "from": "56900000001",
        "id": "wamid.KIA9001",
        "type": "text",
        "text": {"body": text},
    }
    message["timestamp"] = str(int(clock.now().timestamp()))
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "56221110000", "phone_number_id": PHONE_NUMBER_ID},
        "contacts": [{"profile": {"name": "Dana Díaz"}, "wa_id": "56900000001"}],
        "messages": [message],
    }
    entry = {"id": "100000000000001", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
