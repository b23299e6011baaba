"""Questions that nobody could answer: which are kept, how they are counted, and what settles them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from kiaai.bot.editing import Written, create_article
from kiaai.bot.unanswerable import HOUSEKEEPING, set_state, settle
from kiaai.extensions import db
from kiaai.models import Article, BotTurn, Channel, Conversation, Question
from tests.bot.model_server import ModelServer, call, calling
from tests.bot.talk import Bot, say
from tests.conftest import make_conversations


def asked(words: str, **values: Any) -> Question:
    question = Question(words=words, text=words, **values)
    db.session.add(question)
    db.session.commit()
    return question


def kept() -> list[tuple[str, int, str]]:
    db.session.expire_all()
    return [(q.words, q.times, q.state) for q in db.session.scalars(select(Question).order_by(Question.id))]


def ask(bot: Bot, conversation: Conversation, words: str | None, **how: Any) -> None:
    say(conversation, words, **how)
    bot.turn(conversation.id)


def test_a_question_without_an_answer_is_kept(bot: Bot, dana: Conversation, articles: None) -> None:
    ask(bot, dana, "Hola, ¿tienen guitarras acústicas?")

    question = db.session.scalars(select(Question)).one()
    turn = db.session.scalars(select(BotTurn)).one()
    assert (question.words, question.language) == ("tienen guitarras acusticas", "es")
    assert question.text == "Hola, ¿tienen guitarras acústicas?"
    assert (question.times, question.state, question.turn_id) == (1, "open", turn.id)


def test_asked_alike_it_is_counted(bot: Bot, channel: Channel, articles: None) -> None:
    people = make_conversations(channel, {f"5690000000{n}": f"P{n}" for n in range(3)})
    for conversation, words in zip(
        people, ("Tienen guitarras?", "¡¡TIENEN GUITARRAS!!", "hola tienen guitarras por favor"), strict=True
    ):
        ask(bot, conversation, words)

    assert kept() == [("tienen guitarras", 3, "open")]


def test_the_second_one_that_calls_a_person_is_kept_too(bot: Bot, dana: Conversation, articles: None) -> None:
    ask(bot, dana, "¿Tienen guitarras?")
    ask(bot, dana, "¿Y trompetas?")

    assert [words for words, *_ in kept()] == ["tienen guitarras", "y trompetas"]


@pytest.mark.parametrize(
    "words",
    (
        "¿Cuál es el horario?",
        "Quiero hablar con una persona",
        "STOP",
        "hola",
        "gracias",
        "👍",
        "¿Eres un bot?",
    ),
)
def test_what_was_answered_or_asks_nothing_is_not_kept(
    bot: Bot, dana: Conversation, articles: None, words: str
) -> None:
    ask(bot, dana, words)

    assert kept() == []


@pytest.mark.parametrize("kind", ("sticker", "audio", "image", "order"))
def test_what_came_without_words_is_not_kept(bot: Bot, dana: Conversation, articles: None, kind: str) -> None:
    ask(bot, dana, None, kind=kind)

    assert kept() == []


def test_a_picture_is_for_a_person_whatever_stands_below_it(
    bot: Bot, dana: Conversation, articles: None
) -> None:
    ask(bot, dana, "¿Venden guitarras así?", kind="image")
    assert kept() == []
    dana.bot_quiet_until = None

    ask(bot, dana, "¿Tienen trompetas?")
    ask(bot, dana, "¿Y guitarras así?", kind="image")

    assert [words for words, *_ in kept()] == ["tienen trompetas"]


def test_nothing_is_kept_after_an_opt_out(bot: Bot, dana: Conversation, articles: None) -> None:
    ask(bot, dana, "STOP")
    ask(bot, dana, "¿Tienen guitarras?")

    assert kept() == []


def test_no_numbers_of_people_are_kept(bot: Bot, dana: Conversation, articles: None) -> None:
    ask(bot, dana, "¿Tienen guitarras? Mi correo es dana@kia.example y mi fono +56 9 0000 0001, talla 42")

    (question,) = db.session.scalars(select(Question))
    assert question.text == "¿Tienen guitarras? Mi correo es … y mi fono …, talla 42"
    assert "0000" not in question.words and "kia" not in question.words


def test_an_endless_question_is_cut(bot: Bot, dana: Conversation, articles: None) -> None:
    ask(bot, dana, "guitarras " + "xilófono " * 200)

    (question,) = db.session.scalars(select(Question))
    assert len(question.words) <= 300 and len(question.text) <= 300


def test_one_that_was_put_aside_stays_there(bot: Bot, dana: Conversation, articles: None) -> None:
    asked("tienen guitarras", state="dismissed")

    ask(bot, dana, "¿Tienen guitarras?")

    assert kept() == [("tienen guitarras", 2, "dismissed")]


def test_one_that_was_answered_is_open_again(bot: Bot, dana: Conversation, articles: None) -> None:
    asked("tienen guitarras", state="answered")

    ask(bot, dana, "¿Tienen guitarras?")

    assert kept() == [("tienen guitarras", 2, "open")]


def test_a_model_without_passages_that_hands_over_leaves_its_question(
    dana: Conversation, server: ModelServer, smart: Bot
) -> None:
    server.plays(calling(call("hand_off", reason="not in the passages")))

    ask(smart, dana, "¿Tienen guitarras?")

    assert kept() == [("tienen guitarras", 1, "open")]


@pytest.mark.committed
def test_many_turns_at_once_count_each_ask(app: Flask, bot: Bot, channel: Channel) -> None:
    people = make_conversations(channel, {f"5690000{n:04}": f"P{n}" for n in range(12)})
    for number, conversation in enumerate(people):
        say(conversation, "¿Tienen guitarras?" if number % 2 else "¿Y trompetas?")
    ids = [conversation.id for conversation in people]
    db.session.commit()

    def take_turn(conversation_id: int) -> None:
        with app.app_context():
            bot.manager.turn(conversation_id)

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(take_turn, ids))

    assert sorted(kept()) == [("tienen guitarras", 6, "open"), ("y trompetas", 6, "open")]


def test_an_article_settles_the_questions_that_it_answers(app: Flask) -> None:
    asked("hacen envios a regiones")
    asked("tienen guitarras")
    article = create_article(Written("Envíos", "Sí, a todo el país.", "despacho, regiones"))

    assert settle([article]) == 1

    assert kept() == [("hacen envios a regiones", 1, "answered"), ("tienen guitarras", 1, "open")]
    assert db.session.scalars(select(Question.article_id).where(Question.state == "answered")).one() == (
        article.id
    )


def test_an_article_that_is_off_settles_nothing(app: Flask) -> None:
    asked("hacen envios")
    article = create_article(Written("Envíos", "Sí."))
    article.is_active = False

    assert settle([article]) == 0


def test_a_state_is_set_for_many_at_once(app: Flask) -> None:
    ids = [asked(f"pregunta {n}").id for n in range(3)]

    assert set_state([*ids, 999], "dismissed") == 3

    assert {state for *_, state in kept()} == {"dismissed"}


def test_what_nobody_asked_for_half_a_year_is_forgotten(app: Flask) -> None:
    for days in (179, 181):
        asked(f"hace {days} dias")
        db.session.execute(
            text(
                "UPDATE questions SET last_asked_at = clock_timestamp() - make_interval(days => :days)"
                " WHERE words = :words"
            ),
            {"days": days, "words": f"hace {days} dias"},
        )

    for statement in HOUSEKEEPING:
        db.session.execute(text(statement))

    assert [words for words, *_ in kept()] == ["hace 179 dias"]


def test_an_article_may_go_and_its_question_stays(app: Flask) -> None:
    article = create_article(Written("Envíos", "Sí."))
    db.session.flush()
    asked("hacen envios", state="answered", article_id=article.id)

    db.session.delete(db.session.get_one(Article, article.id))
    db.session.commit()

    assert kept() == [("hacen envios", 1, "answered")]
