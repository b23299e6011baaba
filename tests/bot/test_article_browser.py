"""From a question that nobody could answer to the article that does, in a real browser."""

from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from kiaai.bot.knowledge import search
from kiaai.extensions import db
from kiaai.models import Question, User
from tests.inbox.browser import visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


def test_a_question_becomes_an_article_that_answers_it(
    chromium: Any, app: Flask, address: str, alice: User
) -> None:
    db.session.add(Question(words="hacen envios", text="¿Hacen envíos?", times=3))
    db.session.commit()

    with visiting(chromium, app, address, alice) as page:
        page.goto("/bot/questions")
        page.get_by_role("link", name="Make an article of “¿Hacen envíos?”").click()
        expect(page.get_by_label("Title")).to_have_value("¿Hacen envíos?")
        page.get_by_label("Answer", exact=True).fill("Sí, a **todo** Chile.")
        expect(page.locator("#preview strong")).to_have_text("todo")
        page.get_by_role("button", name="Save").click()

        expect(page.locator("#toasts")).to_contain_text("Saved. It answers 1 question.")
        expect(page.locator("main")).to_contain_text("Nothing is open")
        page.get_by_role("link", name="Articles").click()
        page.get_by_role("switch", name="¿Hacen envíos? answers").uncheck()
        expect(page.locator("#articles .is-off")).to_have_count(1)

    assert search("¿hacen envíos?", "es") == []
