"""The bot under test, with what it knows."""

import pytest
from flask import Flask

from kiaai.bot.knowledge import load_demo
from kiaai.config import Settings
from kiaai.extensions import db
from tests.bot.talk import Bot


@pytest.fixture
def bot(app: Flask, settings: Settings) -> Bot:
    return Bot(app, settings)


@pytest.fixture
def articles(app: Flask) -> None:
    load_demo()
    db.session.commit()
