"""The manners of the bot: one answer, never over a person, honest, and silent when asked."""

from datetime import timedelta

import pytest
from sqlalchemy import func, update

from kiaai import clock, faults
from kiaai.bot.claiming import Claim, claim_turn
from kiaai.bot.deciding import MOST_SAID_PER_HOUR
from kiaai.bot.storing import store
from kiaai.bot.turn import Decision
from kiaai.config import Settings
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.ownership import hand_back, set_bot_enabled, take_over
from kiaai.extensions import db
from kiaai.models import BotTurn, Conversation, Lead, Message, User
from tests.bot.talk import Bot, events, lead_of, reread, said, say, turns

pytestmark = pytest.mark.usefixtures("articles")

ANSWER = Decision("answer", "knowledge", "Abrimos a las 9:30.")


def begin(conversation: Conversation, settings: Settings) -> Claim:
    """Start a turn and leave it open, as a worker does while it decides."""
    claim = claim_turn(conversation.id, settings)
    db.session.commit()
    assert claim is not None
    return claim


def finish(claim: Claim, settings: Settings, decision: Decision = ANSWER) -> None:
    store(claim, decision, settings)
    db.session.commit()


def test_it_answers_a_question_from_the_articles(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    assert len(said(dana)) == 1
    assert "9:30 a 19:00" in said(dana)[0]
    assert turns(dana) == [("answer", "knowledge")]


def test_it_ends_its_turn_with_the_answer(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    after = reread(dana)
    assert (after.bot_due_at, after.bot_since_at, after.turn_token, after.turn_until) == (None,) * 4
    assert (after.turn_attempts, after.turn_drops) == (0, 0)
    assert after.talk_due_at is not None


def test_it_answers_a_burst_once(bot: Bot, dana: Conversation) -> None:
    for text in ("hola", "una consulta", "¿tienen estacionamiento?"):
        say(dana, text)

    bot.turn(dana.id)
    bot.turn(dana.id)

    assert len(said(dana)) == 1
    assert "parquímetro" in said(dana)[0]


def test_it_waits_for_its_time(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")
    dana.bot_due_at = clock.now() + timedelta(seconds=30)
    db.session.commit()

    bot.turn(dana.id)

    assert said(dana) == []
    assert turns(dana) == []


def test_it_answers_in_the_language_of_the_customer(bot: Bot, dana: Conversation) -> None:
    say(dana, "What time do you open?")

    bot.turn(dana.id)

    assert "Monday to Friday" in said(dana)[0]


def test_it_remembers_the_language_when_one_word_does_not_tell(bot: Bot, dana: Conversation) -> None:
    say(dana, "Hi! What time do you open on Saturdays?")
    bot.turn(dana.id)

    say(dana, "parking")
    bot.turn(dana.id)

    assert "two free parking spaces" in said(dana)[1]


def test_it_greets_with_what_it_can_help_with(bot: Bot, dana: Conversation) -> None:
    say(dana, "Hola!")

    bot.turn(dana.id)

    assert "Kia Pruebas" in said(dana)[0]
    assert "• Horario" in said(dana)[0]
    assert turns(dana) == [("answer", "greeting")]


def test_it_says_that_it_is_a_bot(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿Eres una persona?")

    bot.turn(dana.id)

    assert "asistente automático" in said(dana)[0]


def test_it_says_honestly_that_it_does_not_know(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿Cuál es la capital de Francia?")

    bot.turn(dana.id)

    assert "no lo sé" in said(dana)[0]
    assert reread(dana).bot_quiet_until is None


def test_it_hands_over_at_the_second_question_it_does_not_know(bot: Bot, dana: Conversation) -> None:
    for text in ("¿Cuál es la capital de Francia?", "¿y la de Italia?"):
        say(dana, text)
        bot.turn(dana.id)

    assert turns(dana) == [("fallback", "nothing_found"), ("hand_off", "second_fallback")]
    assert events(dana) == ["handed_off"]


def test_an_answer_between_two_fallbacks_starts_anew(bot: Bot, dana: Conversation) -> None:
    for text in ("¿Cuál es la capital de Francia?", "¿A qué hora abren?", "¿y la de Italia?"):
        say(dana, text)
        bot.turn(dana.id)

    assert [decision for decision, _ in turns(dana)] == ["fallback", "answer", "fallback"]


def test_a_yes_to_its_offer_brings_a_person(bot: Bot, dana: Conversation) -> None:
    for text in ("¿Cuál es la capital de Francia?", "sí, por favor"):
        say(dana, text)
        bot.turn(dana.id)

    assert turns(dana)[1] == ("hand_off", "accepted")


def test_it_hands_over_when_a_person_is_wanted(bot: Bot, dana: Conversation) -> None:
    say(dana, "quiero hablar con una persona")
    dana.unread_count = 0
    version, epoch = dana.version, dana.owner_epoch
    db.session.commit()

    bot.turn(dana.id)

    after = reread(dana)
    assert "una persona del equipo" in said(dana)[0]
    assert events(dana) == ["handed_off"]
    assert after.unread_count == 1
    assert after.bot_quiet_until is not None and after.bot_quiet_until > clock.now() + timedelta(hours=11)
    assert after.owner_epoch == epoch
    assert after.version > version


def test_a_button_counts_as_words(bot: Bot, dana: Conversation) -> None:
    reply = {"type": "button_reply", "button_reply": {"id": "human", "title": "Hablar con alguien"}}
    say(dana, "Hablar con alguien", kind="interactive", payload={"interactive": reply})

    bot.turn(dana.id)

    assert turns(dana) == [("hand_off", "asked")]


def test_it_keeps_quiet_after_a_hand_off(bot: Bot, dana: Conversation) -> None:
    for text in ("humano", "¿A qué hora abren?"):
        say(dana, text)
        bot.turn(dana.id)

    assert len(said(dana)) == 1
    assert turns(dana)[1] == ("silent", "quiet")
    assert reread(dana).bot_due_at is None


def test_it_answers_again_when_handed_back(bot: Bot, dana: Conversation) -> None:
    say(dana, "humano")
    bot.turn(dana.id)

    hand_back(dana)
    say(dana, "¿A qué hora abren?")
    bot.turn(dana.id)

    assert len(said(dana)) == 2


def test_stop_is_confirmed_once_and_kept(bot: Bot, dana: Conversation) -> None:
    for text in ("STOP", "¿A qué hora abren?", "STOP"):
        say(dana, text)
        bot.turn(dana.id)

    lead = db.session.get_one(Lead, dana.lead_id)
    assert len(said(dana)) == 1
    assert "ALTA" in said(dana)[0]
    assert lead.opted_out_at is not None and lead.consent_at is not None
    assert events(dana) == ["opted_out"]


def test_alta_takes_stop_back(bot: Bot, dana: Conversation) -> None:
    for text in ("BAJA", "ALTA", "¿A qué hora abren?"):
        say(dana, text)
        bot.turn(dana.id)

    assert db.session.get_one(Lead, dana.lead_id).opted_out_at is None
    assert events(dana) == ["opted_out", "opted_in"]
    assert len(said(dana)) == 3


def test_stop_in_a_burst_outweighs_the_question_before(bot: Bot, dana: Conversation) -> None:
    for text in ("¿A qué hora abren?", "STOP"):
        say(dana, text)

    bot.turn(dana.id)

    assert turns(dana) == [("opt_out", "asked")]


def test_the_last_word_on_being_written_to_counts(bot: Bot, dana: Conversation) -> None:
    for text in ("STOP", "ALTA", "¿A qué hora abren?"):
        say(dana, text)

    bot.turn(dana.id)

    assert lead_of(dana).opted_out_at is None
    assert turns(dana) == [("answer", "knowledge")]


def test_stop_counts_while_a_person_has_the_word_but_nothing_is_said(
    bot: Bot, dana: Conversation, bob: User
) -> None:
    take_over(dana, bob.id)
    say(dana, "no me escriban más")

    bot.turn(dana.id)

    assert db.session.get_one(Lead, dana.lead_id).opted_out_at is not None
    assert said(dana) == []


def test_an_older_stop_changes_nothing(bot: Bot, dana: Conversation) -> None:
    lead = db.session.get_one(Lead, dana.lead_id)
    lead.consent_at = clock.now() + timedelta(minutes=1)
    say(dana, "STOP")

    bot.turn(dana.id)

    assert db.session.get_one(Lead, dana.lead_id).opted_out_at is None
    assert said(dana) == []


def test_it_leaves_old_messages_to_a_person(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?", minutes_ago=61)

    bot.turn(dana.id)

    assert said(dana) == []
    assert turns(dana) == [("hand_off", "too_old")]
    assert events(dana) == ["handed_off"]


def test_it_answers_what_is_fresh_though_something_old_came_along(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿Quién es el presidente?", minutes_ago=120)
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    assert turns(dana) == [("answer", "knowledge")]


def test_nothing_is_said_when_a_person_took_over_meanwhile(
    dana: Conversation, bob: User, settings: Settings
) -> None:
    say(dana, "¿A qué hora abren?")
    claim = begin(dana, settings)

    take_over(dana, bob.id)
    db.session.commit()
    finish(claim, settings)

    assert said(dana) == []
    assert turns(dana) == [("dropped", "overtaken")]


def test_nothing_is_said_when_a_person_wrote_meanwhile(
    dana: Conversation, bob: User, settings: Settings
) -> None:
    say(dana, "¿A qué hora abren?")
    claim = begin(dana, settings)

    queue_message(dana, Sender("user", user_id=bob.id), text="Hola, soy Bob.")
    db.session.commit()
    finish(claim, settings)

    assert said(dana) == []


def test_a_person_cancels_what_the_bot_has_queued(bot: Bot, dana: Conversation, bob: User) -> None:
    say(dana, "¿A qué hora abren?")
    bot.turn(dana.id)

    queue_message(reread(dana), Sender("user", user_id=bob.id), text="Hola, soy Bob.")
    db.session.commit()

    assert said(dana) == []


def test_a_take_over_handed_back_meanwhile_starts_the_turn_anew(
    bot: Bot, dana: Conversation, bob: User, settings: Settings
) -> None:
    say(dana, "¿A qué hora abren?")
    claim = begin(dana, settings)

    take_over(dana, bob.id)
    hand_back(dana, bob.id)
    say(dana, "¿y el sábado?")
    finish(claim, settings)
    bot.turn(dana.id)

    assert [decision for decision, _ in turns(dana)] == ["dropped", "answer"]
    assert len(said(dana)) == 1


@pytest.mark.parametrize("change", ("quiet", "off", "opted_out"))
def test_it_looks_again_whether_it_may_speak(dana: Conversation, settings: Settings, change: str) -> None:
    say(dana, "¿A qué hora abren?")
    claim = begin(dana, settings)

    if change == "quiet":
        dana.bot_quiet_until = clock.now() + timedelta(hours=1)
    elif change == "off":
        dana.bot_enabled = False
    else:
        dana.lead.opted_out_at = clock.now()
    db.session.commit()
    finish(claim, settings)

    assert said(dana) == []


def test_its_answer_carries_the_epoch(bot: Bot, dana: Conversation, bob: User) -> None:
    take_over(dana, bob.id)
    hand_back(dana, bob.id)
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    message = db.session.query(Message).filter_by(author="bot").one()
    assert message.epoch == reread(dana).owner_epoch == 1


def test_it_is_silent_when_switched_off_here(bot: Bot, dana: Conversation) -> None:
    set_bot_enabled(dana, False)
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    assert said(dana) == []
    assert turns(dana) == [("silent", "bot_off")]


def test_a_newer_message_gets_one_answer_with_the_older(
    bot: Bot, dana: Conversation, settings: Settings
) -> None:
    say(dana, "¿A qué hora abren?")
    claim = begin(dana, settings)

    say(dana, "el sábado")
    finish(claim, settings)
    bot.turn(dana.id)

    assert len(said(dana)) == 1
    assert [decision for decision, _ in turns(dana)] == ["dropped", "answer"]


def test_after_two_dropped_turns_it_answers_anyway(dana: Conversation, settings: Settings) -> None:
    say(dana, "¿A qué hora abren?")

    for _ in range(3):
        claim = begin(dana, settings)
        say(dana, "¿hola?")
        finish(claim, settings)

    after = reread(dana)
    assert [decision for decision, _ in turns(dana)] == ["dropped", "dropped", "answer"]
    assert after.bot_due_at is not None, "the newest message waits for its own turn"
    assert after.turn_drops == 0


def test_after_thirty_seconds_it_answers_anyway(dana: Conversation, settings: Settings) -> None:
    say(dana, "¿A qué hora abren?")
    dana.bot_since_at = clock.now() - timedelta(seconds=31)
    claim = begin(dana, settings)

    say(dana, "¿hola?")
    finish(claim, settings)

    assert len(said(dana)) == 1


def test_what_came_during_an_answer_is_answered_next(
    bot: Bot, dana: Conversation, settings: Settings
) -> None:
    say(dana, "¿A qué hora abren?")
    dana.turn_drops = 2
    claim = begin(dana, settings)
    say(dana, "¿tienen estacionamiento?")
    finish(claim, settings)

    bot.turn(dana.id)

    assert "parquímetro" in said(dana)[1]


def test_a_crashed_turn_is_taken_again(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")
    _crash(bot, dana)

    bot.turn(dana.id)
    assert said(dana) == [], "until its time is over the turn belongs to the worker that crashed"
    _let_time_pass(dana)
    bot.turn(dana.id)

    assert len(said(dana)) == 1
    assert turns(dana) == [("", None), ("answer", "knowledge")]


def test_three_crashed_turns_hand_over(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")
    for _ in range(3):
        _crash(bot, dana)
        _let_time_pass(dana)

    bot.turn(dana.id)

    assert turns(dana)[-1] == ("hand_off", "crashed")
    assert events(dana) == ["handed_off"]
    assert "una persona del equipo" in said(dana)[0]


def test_a_hand_off_that_crashes_is_done_without_words(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")
    for _ in range(4):
        _crash(bot, dana)
        _let_time_pass(dana)

    bot.turn(dana.id)

    assert turns(dana)[-1] == ("hand_off", "crashed")
    assert said(dana) == []


def test_a_turn_that_lost_its_time_stores_nothing(dana: Conversation, settings: Settings) -> None:
    say(dana, "¿A qué hora abren?")
    late = begin(dana, settings)
    _let_time_pass(dana)
    begin(dana, settings)

    finish(late, settings)

    assert said(dana) == []
    assert turns(dana)[0] == ("dropped", "turn_lost")


def test_it_says_no_more_than_so_much_an_hour(bot: Bot, dana: Conversation) -> None:
    for number in range(MOST_SAID_PER_HOUR):
        db.session.add(_earlier_answer(dana, number, minutes_ago=59))
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    assert len(said(dana)) == MOST_SAID_PER_HOUR
    assert turns(dana) == [("hand_off", "too_many_answers")]


def test_what_it_said_an_hour_ago_does_not_count(bot: Bot, dana: Conversation) -> None:
    for number in range(MOST_SAID_PER_HOUR):
        db.session.add(_earlier_answer(dana, number, minutes_ago=61))
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    assert len(said(dana)) == MOST_SAID_PER_HOUR + 1


@pytest.mark.parametrize(
    ("kind", "decision"),
    (("image", "hand_off"), ("document", "hand_off"), ("location", "hand_off"), ("order", "hand_off")),
)
def test_a_person_looks_at_what_has_no_words(bot: Bot, dana: Conversation, kind: str, decision: str) -> None:
    say(dana, "-33.45, -70.66" if kind == "location" else None, kind=kind)

    bot.turn(dana.id)

    assert turns(dana) == [(decision, kind)]
    assert "lo verá una persona" in said(dana)[0]


def test_a_caption_is_a_question(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿cuánto cuesta parchar esta cámara?", kind="image")

    bot.turn(dana.id)

    assert "$4.000" in said(dana)[0]


def test_a_voice_message_is_asked_for_in_writing_once(bot: Bot, dana: Conversation) -> None:
    for _ in range(2):
        say(dana, None, kind="audio")
        bot.turn(dana.id)

    assert turns(dana) == [("fallback", "voice"), ("hand_off", "audio")]


@pytest.mark.parametrize(("kind", "text"), (("sticker", None), ("text", "👍"), ("text", "ok")))
def test_not_everything_needs_an_answer(bot: Bot, dana: Conversation, kind: str, text: str | None) -> None:
    say(dana, text, kind=kind)

    bot.turn(dana.id)

    assert said(dana) == []
    assert [decision for decision, _ in turns(dana)] == ["silent"]


def test_answering_marks_the_message_as_read(bot: Bot, dana: Conversation) -> None:
    wamid = say(dana, "¿A qué hora abren?").message_id

    bot.turn(dana.id)

    after = reread(dana)
    assert after.read_wamid == wamid
    assert after.read_due_at is not None


def test_silence_marks_nothing_as_read(bot: Bot, dana: Conversation) -> None:
    say(dana, "ok")

    bot.turn(dana.id)

    assert reread(dana).read_wamid is None


def test_it_hands_over_when_the_window_has_closed(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")
    dana.last_inbound_at = clock.now() - timedelta(hours=25)
    db.session.commit()

    bot.turn(dana.id)

    assert said(dana) == []
    assert turns(dana) == [("hand_off", "window_closed")]


def test_every_turn_leaves_a_record(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")

    bot.turn(dana.id)

    turn = db.session.query(BotTurn).one()
    assert turn.input == "¿A qué hora abren?"
    assert turn.passages["found"][0]["title"] == "Horario"
    assert turn.message_id is not None and turn.finished_at is not None


def test_no_transaction_stays_open(bot: Bot, dana: Conversation) -> None:
    say(dana, "¿A qué hora abren?")

    with bot.app.app_context():
        bot.manager.turn(dana.id)
        assert not db.session().in_transaction()


def _crash(bot: Bot, conversation: Conversation) -> None:
    faults.configure("bot_after_claim:raise")
    try:
        with pytest.raises(faults.FaultInjected):
            bot.turn(conversation.id)
    finally:
        faults.configure("")


def _let_time_pass(conversation: Conversation) -> None:
    db.session.execute(
        update(Conversation)
        .where(Conversation.id == conversation.id)
        .values(turn_until=func.clock_timestamp() - timedelta(seconds=1))
    )
    db.session.commit()


def _earlier_answer(conversation: Conversation, number: int, minutes_ago: int) -> Message:
    return Message(
        conversation_id=conversation.id,
        direction="outgoing",
        author="bot",
        status="sent",
        text=f"Respuesta {number}",
        timestamp=clock.now() - timedelta(minutes=minutes_ago),
    )
