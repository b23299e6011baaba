"""The page where one talks with the bot as a customer: it answers as it would, and leaves no trace."""

import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from kiaai import clock
from kiaai.bot.llm import LanguageModel
from kiaai.bot.llm_reply import Reply
from kiaai.bot.model_rest import ModelFailed
from kiaai.bot.spending import last_days
from kiaai.bot.trying_views import TRIES
from kiaai.extensions import db
from kiaai.models import BotTurn, Conversation, Lead, LeadEvent, Message, Question, User
from kiaai.web.rate_limits import counters
from tests.bot.conftest import ModelOf
from tests.bot.model_server import ModelServer, call, calling, saying
from tests.people import enter

TRACES = (BotTurn, Conversation, Lead, LeadEvent, Message, Question)


@pytest.fixture
def visitor(app: Flask, client: FlaskClient, alice: User, articles: None) -> FlaskClient:
    enter(client, alice)
    return client


def try_out(
    client: FlaskClient, message: str, before: TestResponse | None = None, **more: str
) -> TestResponse:
    """Send one message, with the talk that the page before carries."""
    carried = {"talk": carried_by(before)} if before else {}
    return client.post("/bot/try", data={"message": message, **carried, **more})


def carried_by(page: TestResponse) -> str:
    found = re.search(r'name="talk" value="([^"]*)"', page.text)
    assert found
    return found[1]


def traces() -> list[int]:
    return [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in TRACES]


@pytest.fixture
def asking(app: Flask, model_of: ModelOf) -> Iterator[LanguageModel]:
    """Let the page ask a model."""
    model = model_of(price_in=2.0, price_out=10.0)
    app.extensions["trial_model"] = model
    yield model
    app.extensions["trial_model"] = None


def test_it_answers_as_it_would_answer_a_customer(visitor: FlaskClient) -> None:
    page = try_out(visitor, "¿A qué hora abren los domingos?")

    assert "Domingo y feriados" in page.text
    assert "The best article fits the question." in page.text
    assert ">Horario</a>" in page.text


def test_it_leaves_no_trace(visitor: FlaskClient) -> None:
    page = None
    for message in ("hola", "¿venden motos?", "sí", "BAJA", "quiero hablar con una persona"):
        page = try_out(visitor, message, page)

    assert traces() == [0] * len(TRACES)


def test_it_remembers_what_was_said_on_the_page(visitor: FlaskClient) -> None:
    first = try_out(visitor, "¿venden motos?")
    second = try_out(visitor, "sí", first)
    third = try_out(visitor, "¿A qué hora abren?", second)

    assert "No article fits the question." in first.text
    assert "The customer said yes when it offered a person." in second.text
    assert "A person has the conversation." in third.text
    assert all(said in third.text for said in ("¿venden motos?", "¿A qué hora abren?"))


def test_it_keeps_quiet_after_an_opt_out_until_asked_back(visitor: FlaskClient) -> None:
    out = try_out(visitor, "BAJA")
    quiet = try_out(visitor, "¿A qué hora abren?", out)
    back = try_out(visitor, "ALTA", quiet)

    assert "The customer wants no messages." in quiet.text
    assert "The customer wants messages again." in back.text


def test_it_speaks_as_if_the_office_were_closed(visitor: FlaskClient) -> None:
    page = try_out(visitor, "quiero hablar con una persona", closed="on")

    assert "Ahora estamos cerrados" in page.text
    assert re.search(r'name="closed"[^>]* checked', page.text)


def test_what_nobody_knows_becomes_an_article(visitor: FlaskClient) -> None:
    page = try_out(visitor, "¿venden motos?")

    assert "/bot/articles/new?title=%C2%BFvenden+motos?" in page.text


def test_members_try_it_but_write_no_articles(
    app: Flask, client: FlaskClient, bob: User, articles: None
) -> None:
    enter(client, bob)

    page = try_out(client, "¿venden motos?")

    assert page.status_code == 200
    assert "/bot/articles/new" not in page.text


def test_strangers_may_not(client: FlaskClient) -> None:
    assert client.get("/bot/try").location == "/login?next=/bot/try"
    assert client.post("/bot/try", data={"message": "hola"}).status_code == 303


def test_a_touched_talk_begins_anew(visitor: FlaskClient) -> None:
    page = visitor.post("/bot/try", data={"message": "hola", "talk": "eyJvd25lZCI6MX0.x.y"})

    assert page.status_code == 200
    assert "try-turn-1" in page.text


def test_the_talk_of_another_begins_anew(visitor: FlaskClient, app: Flask, bob: User) -> None:
    of_alice = try_out(visitor, "BAJA")
    other = app.test_client()
    enter(other, bob)

    page = try_out(other, "¿A qué hora abren?", of_alice)

    assert "9:30" in page.text
    assert "BAJA" not in page.text


def test_a_long_talk_forgets_its_beginning(visitor: FlaskClient, alice: User) -> None:
    page = try_out(visitor, "primera")
    for number in range(20):
        # Each person gets 20 a minute.
        counters.clear(TRIES, str(alice.id))
        page = try_out(visitor, f"{number} {secrets.token_hex(400)}", page)

    assert "primera" not in page.text
    assert len(carried_by(page)) < 200_000


@pytest.mark.parametrize("message", ["", "   ", "x" * 1001])
def test_nothing_and_too_much_are_refused(visitor: FlaskClient, message: str) -> None:
    page = try_out(visitor, message)

    assert page.status_code == 422
    assert "form-error" in page.text


def test_one_person_may_not_ask_without_end(visitor: FlaskClient) -> None:
    statuses = [try_out(visitor, "hola").status_code for _ in range(21)]

    assert statuses == [200] * 20 + [422]


def test_markup_of_a_customer_stays_text(visitor: FlaskClient) -> None:
    page = try_out(visitor, "<img src=x onerror=alert(1)>", customer_name='"><script>')

    assert "<img src=x" not in page.text
    assert '"><script>' not in page.text


@pytest.mark.enable_socket
def test_it_shows_what_the_model_cost_and_would_change(
    visitor: FlaskClient, asking: LanguageModel, server: ModelServer
) -> None:
    server.plays(
        calling(
            call("save_name", name="Dana"),
            call("answer", text="Abrimos a las 9:30.", passages=[]),
            tokens=(1000, 20),
        )
    )

    page = try_out(visitor, "Soy Dana, ¿a qué hora abren?")

    assert "Abrimos a las 9:30." in page.text
    assert "Keeps the name Dana" in page.text
    assert "1,000 tokens read, 20 written" in page.text
    assert "Cost 0.0022" in page.text
    assert traces() == [0] * len(TRACES)


@pytest.mark.enable_socket
def test_a_model_that_fails_is_said_and_the_articles_answer(
    visitor: FlaskClient, asking: LanguageModel, server: ModelServer
) -> None:
    server.plays(saying(status=500))

    page = try_out(visitor, "¿A qué hora abren?")

    assert "The model&#39;s server refused the request." in page.text
    assert "The best article answers instead." in page.text


def test_no_transaction_is_open_while_the_model_thinks(
    visitor: FlaskClient, asking: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ones: list[bool] = []

    def watch(*_arguments: object) -> Reply:
        open_ones.append(db.session().in_transaction())
        raise ModelFailed("model_silent")

    # Another thread, such as a server's, would not know what is open in this one.
    monkeypatch.setattr(asking, "complete", watch)
    try_out(visitor, "¿A qué hora abren?")

    assert open_ones == [False]


def test_it_counts_the_last_30_days(visitor: FlaskClient, dana: Conversation) -> None:
    rows: list[dict[str, Any]] = [
        {"decision": "answer", "reason": "knowledge"},
        {"decision": "answer", "reason": "model", "tokens_in": 900, "tokens_out": 100, "cost_micros": 2800},
        {"decision": "hand_off", "reason": "asked"},
        {"decision": "answer", "reason": "model", "started_at": clock.now() - timedelta(days=31)},
    ]
    db.session.add_all(BotTurn(conversation_id=dana.id, **row) for row in rows)
    db.session.commit()

    counted = last_days(clock.now())

    assert (counted.turns, counted.by_articles, counted.by_model, counted.handed_off) == (3, 1, 1, 1)
    assert (counted.tokens_in + counted.tokens_out, counted.cost_micros) == (1000, 2800)
    assert "0.0028" in visitor.get("/bot/try").text
