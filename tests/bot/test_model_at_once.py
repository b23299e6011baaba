"""A model that thinks, on connections of its own: who speaks meanwhile wins, and nobody waits for it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from kiaai.bot.knowledge import load_demo
from kiaai.bot.llm import LanguageModel
from kiaai.bot.manager import ConversationManager
from kiaai.bot.model_rest import Turnstile
from kiaai.config import Settings
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.ownership import take_over
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, User
from kiaai.worker.pools import Pool
from tests.bot.conftest import ModelOf
from tests.bot.model_server import HOURS, ModelServer, answering, hanging
from tests.bot.talk import said, say, turns
from tests.conftest import make_conversation
from tests.whatsapp.conftest import Handler

pytestmark = pytest.mark.committed
GOOD = "Abrimos de lunes a viernes de 9:30 a 19:00."


def takes_over(conversation: Conversation, user_id: int) -> None:
    take_over(conversation, user_id)


def writes(conversation: Conversation, user_id: int) -> None:
    queue_message(conversation, Sender("user", user_id=user_id), text="Hola, soy Bob.")


@pytest.mark.parametrize("deed", [takes_over, writes])
def test_a_person_who_comes_while_the_model_thinks_has_the_word(
    app: Flask,
    settings: Settings,
    server: ModelServer,
    model_of: ModelOf,
    dana: Conversation,
    bob: User,
    deed: Callable[[Conversation, int], None],
) -> None:
    is_thinking, may_speak = threading.Event(), threading.Event()

    def think(handler: Handler) -> None:
        is_thinking.set()
        may_speak.wait(10)
        answering(GOOD)(handler)

    load_demo()
    server.plays(think)
    say(dana, HOURS)
    work = turn_of(app, settings, model_of(deadline_seconds=20))

    with ThreadPoolExecutor(1) as worker:
        turn = worker.submit(work, dana.id)
        assert is_thinking.wait(10)
        deed(dana, bob.id)
        db.session.commit()
        may_speak.set()
        turn.result(20)

    assert said(dana) == []
    assert turns(dana) == [("dropped", "overtaken")]


def test_turns_that_need_no_model_do_not_wait_for_it(
    app: Flask, settings: Settings, server: ModelServer, model_of: ModelOf, channel: Channel
) -> None:
    load_demo()
    server.plays(hanging)
    asking = [make_conversation(channel, f"5690000{n:04}", f"Cliente {n}") for n in range(4)]
    for conversation in asking:
        say(conversation, HOURS)
    other = make_conversation(channel, "56900000099", "Dana Díaz")
    say(other, "humano")
    has_answered = threading.Event()
    turn = turn_of(app, settings, model_of(deadline_seconds=30, turnstile=Turnstile(most_at_once=2)))

    def work(conversation_id: int) -> None:
        turn(conversation_id)
        if conversation_id == other_id:
            has_answered.set()

    other_id, pool = other.id, Pool("bots", 3, work)
    for id in [*(conversation.id for conversation in asking), other_id]:
        pool.add(id)
    pool.start()
    came_in_time = has_answered.wait(10)
    server.is_over.set()
    pool.stop()

    assert came_in_time
    assert pool.join(time.monotonic() + 20)
    assert turns(other) == [("hand_off", "asked")]
    busy = [turns(conversation) for conversation in asking].count([("answer", "model_busy")])
    assert busy == 2


def turn_of(app: Flask, settings: Settings, model: LanguageModel) -> Callable[[int], None]:
    manager = ConversationManager(settings, model)

    def turn(conversation_id: int) -> None:
        with app.app_context():
            manager.turn(conversation_id)

    return turn
