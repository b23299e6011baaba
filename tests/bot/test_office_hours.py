"""Outside its hours the business says so, and still answers what it knows."""

from dataclasses import replace
from datetime import datetime

import pytest

from kiaai.bot.closing_time import closed_words, honest
from kiaai.bot.deciding import by_knowledge, by_rules
from kiaai.bot.turn import Closed, Decision, Standing, TurnInput
from kiaai.models import Conversation
from tests.bot.talk import Bot, said, say, turns

NOW = datetime(2026, 11, 23, 20, 0)
TURN = TurnInput(
    standing=Standing(epoch=0, is_enabled=True, is_quiet=False, is_opted_out=False),
    closed=Closed(NOW, datetime(2026, 11, 24, 9, 0)),
)


@pytest.mark.parametrize(
    ("back_at", "spanish", "english"),
    [
        (datetime(2026, 11, 23, 21, 30), "volvemos hoy a las 21:30.", "back today at 21:30."),
        (datetime(2026, 11, 24, 9, 0), "volvemos mañana a las 09:00.", "back tomorrow at 09:00."),
        (datetime(2026, 11, 27, 9, 0), "volvemos el viernes a las 09:00.", "back on Friday at 09:00."),
        (datetime(2026, 12, 2, 9, 0), "el 2 de diciembre a las 09:00.", "on 2 December at 09:00."),
        (None, "Ahora estamos cerrados.", "We are closed now."),
    ],
)
def test_it_says_when_it_is_back(back_at: datetime | None, spanish: str, english: str) -> None:
    closed = Closed(NOW, back_at)

    assert closed_words(closed, "es").endswith(spanish)
    assert closed_words(closed, "en").endswith(english)


def test_who_asks_for_a_person_learns_when_one_comes() -> None:
    decision = by_rules(replace(TURN, texts=("quiero hablar con una persona",)))

    assert decision and (decision.kind, decision.reason) == ("hand_off", "asked")
    assert decision.text and "volvemos mañana a las 09:00" in decision.text


def test_what_it_does_not_know_waits_for_the_opening() -> None:
    decision = by_knowledge(replace(TURN, texts=("do you know the meaning of life?",)), [])

    assert decision.kind == "fallback"
    assert decision.text and "back tomorrow at 09:00" in decision.text and "*yes*" in decision.text


@pytest.mark.parametrize(
    "decision", [Decision("answer", "knowledge", "9:30"), Decision("hand_off", "too_old")]
)
def test_knowledge_and_silence_stay_as_they_are(decision: Decision) -> None:
    assert honest(decision, TURN.closed) == decision


@pytest.mark.usefixtures("articles", "always_closed")
def test_a_turn_outside_the_hours_still_answers_what_it_knows(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")
    bot.turn(dana.id)
    say(dana, "¿me dejas hablar con una persona?")
    bot.turn(dana.id)

    assert "9:30 a 19:00" in said(dana)[0]
    assert "Ahora estamos cerrados; volvemos" in said(dana)[1]
    assert turns(dana) == [("answer", "knowledge"), ("hand_off", "asked")]


@pytest.mark.usefixtures("articles", "always_closed")
def test_it_greets_in_the_name_that_the_team_gave(bot: Bot, dana: Conversation) -> None:
    say(dana, "hola")
    bot.turn(dana.id)

    assert "Casa Azul" in said(dana)[0]
