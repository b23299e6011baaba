"""The flight recorder: every turn tells why, also those that said nothing, and is taken again on request."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai.delivery.ownership import take_over
from kiaai.extensions import db
from kiaai.inbox.erasing import erase
from kiaai.models import Article, BotTurn, Conversation, LeadEvent, Message, User
from tests.bot.conftest import ModelOf
from tests.bot.model_server import ModelServer, call, calling
from tests.bot.talk import Bot, newest_turn, say
from tests.people import enter

HOURS = "¿A qué hora abren los domingos?"


@pytest.fixture
def reader(client: FlaskClient, bob: User) -> FlaskClient:
    enter(client, bob)
    return client


def record_of(client: FlaskClient) -> str:
    page = client.get(f"/bot/turns/{newest_turn().id}")
    assert page.status_code == 200
    return page.text


def replayed(client: FlaskClient) -> str:
    page = client.post(f"/bot/turns/{newest_turn().id}/replay")
    assert page.status_code == 200, page.text
    return page.text


def test_a_bubble_leads_to_what_it_was_made_of(
    reader: FlaskClient, bot: Bot, articles: None, dana: Conversation
) -> None:
    say(dana, HOURS)
    bot.turn(dana.id)

    thread = reader.get(f"/inbox/conversations/{dana.id}").text
    link = f"/bot/messages/{newest_turn().message_id}/turn"
    page = reader.get(link, follow_redirects=True).text

    assert f'href="{link}"' in thread
    assert HOURS in page
    assert ">Horario</a>" in page
    assert "The best article fits the question." in page
    assert "Domingo y feriados" in page


def test_turns_that_said_nothing_say_why(
    reader: FlaskClient, bot: Bot, articles: None, dana: Conversation, alice: User
) -> None:
    say(dana, "ok")
    bot.turn(dana.id)
    take_over(dana, alice.id)
    say(dana, HOURS)
    bot.turn(dana.id)

    page = reader.get(f"/bot/conversations/{dana.id}/turns").text

    assert f"/bot/conversations/{dana.id}/turns" in reader.get(f"/inbox/conversations/{dana.id}").text
    assert "“Ok” and the like need no answer." in page
    assert "A person has the conversation." in page
    assert page.index("A person has") < page.index("“Ok”")


def test_an_answer_that_was_held_back_says_so(reader: FlaskClient, dana: Conversation) -> None:
    detail = {"read": [HOURS], "text": "Abrimos a las 9:30."}
    db.session.add(
        BotTurn(conversation_id=dana.id, input=HOURS, decision="dropped", reason="overtaken", detail=detail)
    )
    db.session.commit()

    page = record_of(reader)

    assert "A person took over" in page
    assert "This was not sent." in page


def test_a_turn_that_broke_off_says_so(reader: FlaskClient, dana: Conversation) -> None:
    db.session.add(BotTurn(conversation_id=dana.id, input=HOURS))
    db.session.commit()

    assert "The turn did not reach its end." in record_of(reader)


@pytest.mark.enable_socket
def test_every_step_of_the_model_is_shown_with_its_cost(
    reader: FlaskClient, smart: Bot, server: ModelServer, dana: Conversation
) -> None:
    server.plays(
        calling(call("hack", x="<b>1</b>"), tokens=(1000, 20)),
        calling(call("answer", text="Abrimos a las 9:30.", passages=[]), tokens=(2000, 30)),
    )
    say(dana, HOURS)
    smart.turn(dana.id)

    page = record_of(reader)

    assert "Every step of the model (2)" in page
    assert "there is no tool" in page
    assert "3,000 tokens read, 50 written" in page
    assert "Cost 0.0065" in page
    assert "<b>1</b>" not in page


def test_a_replay_shows_what_today_s_articles_would_say(
    reader: FlaskClient, bot: Bot, articles: None, dana: Conversation
) -> None:
    say(dana, "¿tienen wifi?")
    bot.turn(dana.id)
    db.session.add(Article(title="Wifi", body="Sí, pide la clave.", keywords="wifi, internet", language="es"))
    db.session.commit()

    page = replayed(reader)

    assert "Today it would do something else." in page
    assert "Eso no lo sé" in page
    assert "Sí, pide la clave." in page
    assert "differs" in page


def test_a_replay_of_what_stayed_the_same_says_so(
    reader: FlaskClient, bot: Bot, articles: None, dana: Conversation
) -> None:
    say(dana, HOURS)
    bot.turn(dana.id)

    assert "Today it would do the same." in replayed(reader)


def test_a_replay_writes_and_sends_nothing(
    reader: FlaskClient, bot: Bot, articles: None, dana: Conversation
) -> None:
    say(dana, "quiero hablar con una persona")
    bot.turn(dana.id)
    before = _everything(dana)

    replayed(reader)

    assert _everything(dana) == before


@pytest.mark.enable_socket
def test_a_replay_asks_the_model_anew(
    app: Flask, reader: FlaskClient, bot: Bot, articles: None, dana: Conversation,
    model_of: ModelOf, server: ModelServer,
) -> None:  # fmt: skip
    say(dana, HOURS)
    bot.turn(dana.id)
    server.plays(calling(call("answer", text="El domingo cerramos.", passages=[])))
    app.extensions["trial_model"] = model_of()

    page = replayed(reader)
    app.extensions["trial_model"] = None

    assert "El domingo cerramos." in page
    assert "The model wrote it from the articles that were found." in page


def test_what_was_deleted_is_not_told(
    reader: FlaskClient, bot: Bot, articles: None, dana: Conversation, alice: User
) -> None:
    say(dana, HOURS)
    bot.turn(dana.id)
    erase(dana, alice.id)
    db.session.commit()

    page = record_of(reader)

    assert HOURS not in page
    assert "has been deleted, and the bot forgot it too" in page
    assert "There is nothing left to replay." in page
    assert reader.post(f"/bot/turns/{newest_turn().id}/replay").status_code == 422


@pytest.mark.parametrize("path", ["/bot/turns/999", "/bot/messages/999/turn", "/bot/conversations/999/turns"])
def test_what_is_gone_is_not_found(reader: FlaskClient, path: str) -> None:
    assert reader.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/bot/turns/1", "/bot/messages/1/turn", "/bot/conversations/1/turns"])
def test_strangers_read_no_record(client: FlaskClient, path: str) -> None:
    assert client.get(path).location == f"/login?next={path}"


def test_older_turns_are_a_page_further(reader: FlaskClient, dana: Conversation) -> None:
    db.session.add_all(BotTurn(conversation_id=dana.id, input=f"pregunta {n}") for n in range(52))
    db.session.commit()

    first = reader.get(f"/bot/conversations/{dana.id}/turns").text
    older = first.split("before=")[1].split('"')[0]
    second = reader.get(f"/bot/conversations/{dana.id}/turns?before={older}").text

    assert "pregunta 51<" in first and "pregunta 2<" in first and "pregunta 1<" not in first
    assert "pregunta 1<" in second and "pregunta 0<" in second and "before=" not in second


def _everything(dana: Conversation) -> list[Any]:
    db.session.expire_all()
    tables = (BotTurn, Message, LeadEvent)
    counts = [db.session.scalar(select(func.count()).select_from(table)) for table in tables]
    conversation = db.session.get_one(Conversation, dana.id)
    return [*counts, conversation.version, conversation.bot_quiet_until, conversation.owner_epoch]
