"""The bot under test, with what it knows, and a model of its own."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.dialects.postgresql import insert

from kiaai import clock
from kiaai.bot.knowledge import load_demo
from kiaai.bot.llm import LanguageModel
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import Installation
from tests.bot.model_server import KEY, SECONDS, ModelServer
from tests.bot.talk import Bot

ModelOf = Callable[..., LanguageModel]


@pytest.fixture
def bot(app: Flask, settings: Settings) -> Bot:
    return Bot(app, settings)


@pytest.fixture
def articles(app: Flask) -> None:
    load_demo()
    db.session.commit()


@pytest.fixture
def always_closed(app: Flask) -> None:
    """Let it be open for one hour of the week, days from now."""
    hours = {str((clock.now() + timedelta(days=3)).isoweekday()): [["10:00", "11:00"]]}
    saved = {
        "id": 1,
        "office_hours": hours,
        "business_timezone": "Europe/Madrid",
        "business_name": "Casa Azul",
    }
    statement = insert(Installation).values(**saved)
    db.session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=saved))
    db.session.commit()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    for server in ModelServer.running():
        assert isinstance(server, ModelServer)
        yield server


@pytest.fixture
def model_of(server: ModelServer) -> ModelOf:
    """Make models that ask the server; one turn of theirs lasts a second unless told otherwise."""

    def make(**options: Any) -> LanguageModel:
        return LanguageModel(f"{server.base}/v1", "kia-1", KEY, **{"deadline_seconds": SECONDS, **options})

    return make


@pytest.fixture
def smart(app: Flask, settings: Settings, articles: None, model_of: ModelOf) -> Bot:
    """The bot with a model that it has much time for."""
    return Bot(app, settings, model_of(deadline_seconds=20, price_in=2.0, price_out=10.0))
