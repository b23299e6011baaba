"""The page to try the bot in a real browser: by keyboard alone, and calm while it thinks."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import func, select

from kiaai.bot.knowledge import load_demo
from kiaai.bot.llm import LanguageModel
from kiaai.bot.llm_reply import Reply
from kiaai.bot.model_rest import ModelFailed
from kiaai.extensions import db
from kiaai.models import BotTurn, Message, User
from tests.inbox.browser import visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


class PensiveModel(LanguageModel):
    """Thinks until it is told to stop, and then knows nothing."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/v1", "pensive-1")
        self.may_answer = threading.Event()
        self.asked = 0

    def complete(self, messages: Sequence[Any], tools: Sequence[Any], deadline: float) -> Reply:
        self.asked += 1
        self.may_answer.wait(20)
        raise ModelFailed("model_silent")


@pytest.fixture
def pensive(app: Flask) -> Iterator[PensiveModel]:
    model = PensiveModel()
    yield model
    model.may_answer.set()
    app.extensions["trial_model"] = None


def test_the_bot_is_tried_by_keyboard(
    chromium: Any, app: Flask, address: str, alice: User, pensive: PensiveModel
) -> None:
    load_demo()
    db.session.commit()
    with visiting(chromium, app, address, alice) as page:
        page.goto("/bot/try")
        field, talk = page.get_by_label("What the customer writes"), page.get_by_role("log")
        expect(field).to_be_focused()
        page.keyboard.type("hola, ¿abren los domingos?")
        page.keyboard.press("Enter")

        expect(talk).to_contain_text("Domingo y feriados")
        expect(talk.get_by_role("link", name="Horario")).to_be_visible()
        expect(field).to_be_focused()
        expect(field).to_have_value("")

        app.extensions["trial_model"] = pensive
        page.keyboard.type("¿venden motos?")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The bot is thinking.")).to_be_visible()
        expect(page.get_by_role("button", name="Send")).to_be_disabled()
        page.keyboard.press("Enter")
        pensive.may_answer.set()

        expect(talk).to_contain_text("The model did not answer in time.")
        expect(talk.get_by_role("article")).to_have_count(2)
        expect(page.get_by_text("The bot is thinking.")).to_be_hidden()
        expect(field).to_be_focused()
        assert talk.get_attribute("aria-live") == "polite"

        talk.get_by_role("link", name="Make an article of it").click()
        expect(page.get_by_label("Title")).to_have_value("¿venden motos?")
        page.goto("/bot/try")
        expect(page.get_by_role("article")).to_have_count(0)
    assert pensive.asked == 1
    counts = [db.session.scalar(select(func.count()).select_from(table)) for table in (BotTurn, Message)]
    assert counts == [0, 0]
