"""The manners of the bot, each on the whole way: webhook, turn, queue, claim and what the Graph is asked."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from kiaai import faults
from kiaai.bot.llm import LanguageModel
from kiaai.config import Settings
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.ownership import set_bot_enabled, take_over
from kiaai.delivery.receipts import join_due_orphans
from kiaai.extensions import db
from kiaai.inbox.history import lines
from kiaai.models import Conversation, LeadEvent, Message, User
from tests.bot.conftest import ModelOf
from tests.bot.model_server import HOURS, ModelServer, answering, call, calling
from tests.bot.stage import Stage
from tests.bot.talk import events, lead_of, said, turns
from tests.conftest import Signed
from tests.samples import payload
from tests.whatsapp.conftest import GraphServer, Handler

pytestmark = pytest.mark.usefixtures("articles", "channel")

GOOD = "Abrimos de lunes a viernes de 9:30 a 19:00."
AWAY = "¡Gracias por contactar a Ciclo Norte! Nuestro horario de atención es de lunes a viernes. ¿Horario?"


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    yield from GraphServer.running()


@pytest.fixture
def stage(app: Flask, settings: Settings, signed: Signed, graph: GraphServer) -> Stage:
    return Stage(app, settings, signed, graph)


@pytest.fixture
def thinking(app: Flask, settings: Settings, signed: Signed, graph: GraphServer, model_of: ModelOf) -> Stage:
    """The stage with a model that has much time."""
    model: LanguageModel = model_of(deadline_seconds=20)
    return Stage(app, settings, signed, graph, model)


# --- Never over a person


def writes(stage: Stage, bob: User) -> None:
    queue_message(stage.conversation, Sender("user", user_id=bob.id), text="Hola, soy Bob.")
    db.session.commit()


def sends_by_api(stage: Stage, bob: User) -> None:
    queue_message(stage.conversation, Sender("api", api_key_id=1), text="Hola, soy Bob.")
    db.session.commit()


def takes_over(stage: Stage, bob: User) -> None:
    take_over(stage.conversation, bob.id)
    db.session.commit()


def answers_on_the_phone(stage: Stage, bob: User) -> None:
    stage.echo("Hola, soy Bob.")


Deed = Callable[[Stage, User], None]
DEEDS = (writes, sends_by_api, takes_over, answers_on_the_phone)


def _from_bot(stage: Stage) -> list[str]:
    return [words for words in stage.sent if words != "Hola, soy Bob."]


@pytest.mark.parametrize("deed", DEEDS)
def test_it_says_nothing_over_a_person_who_came_before_its_turn(stage: Stage, bob: User, deed: Deed) -> None:
    stage.write(HOURS)

    deed(stage, bob)
    stage.answer()

    assert (said(stage.conversation), _from_bot(stage)) == ([], [])


@pytest.mark.parametrize("deed", DEEDS)
def test_it_says_nothing_over_a_person_who_came_while_its_model_thought(
    thinking: Stage, server: ModelServer, bob: User, deed: Deed
) -> None:
    def think(handler: Handler) -> None:
        with thinking.app.app_context():
            deed(thinking, bob)
        answering(GOOD)(handler)

    server.plays(think)
    thinking.write(HOURS)
    thinking.answer()

    assert (said(thinking.conversation), _from_bot(thinking)) == ([], [])
    assert turns(thinking.conversation) == [("dropped", "overtaken")]


@pytest.mark.parametrize("deed", DEEDS)
def test_it_takes_back_what_is_queued_when_a_person_comes(stage: Stage, bob: User, deed: Deed) -> None:
    stage.write(HOURS)
    stage.turn()
    assert len(said(stage.conversation)) == 1

    deed(stage, bob)
    stage.send()

    assert (said(stage.conversation), _from_bot(stage)) == ([], [])


@pytest.mark.parametrize("deed", DEEDS)
def test_the_claim_asks_again_who_has_the_word(stage: Stage, bob: User, deed: Deed) -> None:
    stage.write(HOURS)
    stage.turn()
    deed(stage, bob)
    # As if the deed had met a bug, and left the answer in the queue.
    _queue_again(stage)

    stage.send()

    assert (said(stage.conversation), _from_bot(stage)) == ([], [])


def _queue_again(stage: Stage) -> None:
    db.session.execute(update(Message).where(Message.author == "bot").values(status="queued"))
    db.session.execute(text("UPDATE conversations SET talk_due_at = clock_timestamp()"))
    db.session.commit()


# --- Never twice


def test_the_same_webhook_twice_is_answered_once(stage: Stage) -> None:
    item = stage.write(HOURS)
    stage.answer()

    stage.bring(item)
    stage.answer()

    assert len(stage.sent) == 1


def test_the_same_message_twice_in_one_body_is_answered_once(stage: Stage) -> None:
    item = stage.write("hola")
    stage.answer()
    again = {**item, "id": f"wamid.{uuid4()}", "text": {"body": HOURS}}

    stage.bring(again, item, again)
    stage.answer()
    stage.answer()

    assert len(stage.sent) == 2


@pytest.mark.parametrize(
    ("place", "sends_at_once"),
    (("bot_before_commit", False), ("bot_after_claim", False), ("bot_after_commit", True)),
)
def test_a_worker_that_dies_in_its_turn_answers_once(stage: Stage, place: str, sends_at_once: bool) -> None:
    stage.write(HOURS)
    _break_at(stage, place)
    if sends_at_once:
        stage.send()

    stage.answer()
    stage.answer()

    assert len(stage.sent) == 1


def test_a_worker_that_dies_after_storing_answers_once(stage: Stage) -> None:
    """The doorbell was never rung, and the answer stands in the queue all the same."""
    stage.write(HOURS)
    stage.turn()

    _break_at(stage, "bot_after_claim", has_turn=False)
    stage.answer()

    assert len(stage.sent) == 1


def _break_at(stage: Stage, place: str, has_turn: bool = True) -> None:
    faults.configure(f"{place}:raise")
    try:
        if has_turn:
            with pytest.raises(faults.FaultInjected):
                stage.turn()
        else:
            stage.turn()
    finally:
        faults.configure("")
    db.session.rollback()


# --- Never after a stop, never outside the window, never late


def test_it_says_nothing_after_a_stop_but_that_it_heard(stage: Stage) -> None:
    stage.say("STOP")

    stage.say(HOURS)
    stage.say("hola?")

    assert len(stage.sent) == 1
    assert "ALTA" in stage.sent[0]


def switches_off(stage: Stage, bob: User) -> None:
    set_bot_enabled(stage.conversation, False)
    db.session.commit()


@pytest.mark.parametrize("deed", (*DEEDS, switches_off))
def test_a_stop_is_kept_though_a_person_came_before_its_turn(stage: Stage, bob: User, deed: Deed) -> None:
    stage.write("hola")
    stage.write("no me escriban más")
    deed(stage, bob)

    stage.answer()

    assert lead_of(stage.conversation).opted_out_at is not None
    assert _from_bot(stage) == []
    assert stage.conversation.bot_due_at is None


def test_a_person_ends_the_wait_for_an_answer(stage: Stage, bob: User) -> None:
    stage.write(HOURS)

    writes(stage, bob)

    assert stage.conversation.bot_due_at is None


def test_a_stop_takes_back_the_answer_that_waits(stage: Stage) -> None:
    """A channel may be paused for hours; what the bot had to say comes no more after a stop."""
    stage.write(HOURS)
    stage.turn()
    stage.write("no me escriban más")
    stage.turn()

    stage.send()

    assert len(stage.sent) == 1
    assert "ALTA" in stage.sent[0]


def test_it_says_nothing_after_a_stop_in_the_menu_of_whatsapp(stage: Stage) -> None:
    stage.write("hola")
    stage.turn()
    db.session.execute(text("UPDATE leads SET opted_out_at = clock_timestamp()"))
    db.session.execute(text("UPDATE messages SET status = 'cancelled' WHERE author = 'bot'"))
    db.session.commit()

    stage.say(HOURS)

    assert stage.sent == []


def test_it_says_nothing_once_the_window_has_closed(stage: Stage) -> None:
    stage.write(HOURS)
    stage.turn()
    db.session.execute(text("UPDATE conversations SET last_inbound_at = now() - interval '23 hours 56 min'"))
    db.session.commit()

    stage.send()

    assert stage.sent == []
    assert db.session.scalars(select(Message.status).where(Message.author == "bot")).one() == "failed"


def test_a_question_that_came_an_hour_late_goes_to_a_person_once(stage: Stage) -> None:
    stage.write(HOURS, ago=3700)
    stage.answer()
    stage.write("¿Tienen estacionamiento?", ago=3650)
    stage.answer()

    assert stage.sent == []
    assert turns(stage.conversation) == [("hand_off", "too_old")]
    assert events(stage.conversation).count("handed_off") == 1
    assert stage.conversation.unread_count == 2


# --- Never to what is no question to us


SAMPLES = (
    "smb-message-echo-text",
    "in-system-number-changed",
    "in-system-user-id-changed-bsuid",
    "in-reaction",
    "in-reaction-removed",
    "in-edit-coexistence",
    "in-revoke-coexistence",
    "status-delivered",
    "status-read",
    "status-failed-131026-undeliverable",
    "history-chunk",
    "user-preferences-marketing-resume",
    "in-unsupported-poll",
)


@pytest.mark.parametrize("sample", SAMPLES)
def test_it_answers_nothing_that_is_no_message_to_it(stage: Stage, signed: Signed, sample: str) -> None:
    raw = payload(sample)
    assert stage.app.test_client().post("/webhook", **signed(raw)).status_code == 200
    join_due_orphans()

    for id in db.session.scalars(select(Conversation.id)).all():
        db.session.execute(text("UPDATE conversations SET bot_due_at = clock_timestamp()"))
        db.session.commit()
        stage.bot.turn(id)

    assert db.session.scalars(select(Message).where(Message.author == "bot")).all() == []


def test_it_answers_nothing_in_a_group(stage: Stage) -> None:
    stage.write(HOURS, group_id="120363000000000000")

    stage.answer()

    assert stage.sent == []
    assert stage.conversation.last_inbound_at is None, "a group opens no window to one of its people"


def test_a_question_in_a_group_is_no_part_of_the_talk(stage: Stage) -> None:
    stage.write(HOURS, group_id="120363000000000000")
    stage.write("hola")

    stage.answer()

    assert turns(stage.conversation) == [("answer", "greeting")]


# --- No loop


def test_it_stops_before_an_away_message_that_comes_each_time(stage: Stage) -> None:
    for number in range(8):
        stage.say(AWAY, ago=400 - 50 * number)

    assert [kind for kind, _ in turns(stage.conversation)] == ["answer"] * 3 + ["hand_off"]
    assert turns(stage.conversation)[3] == ("hand_off", "loop")
    assert len(stage.sent) == 4


def test_a_program_that_writes_faster_than_fingers_is_left_to_a_person(stage: Stage) -> None:
    texts = (
        "Hola, somos Ciclo Norte. Vendemos cascos y repuestos de lunes a viernes de 9 a 18 horas.",
        "¿A qué hora abren? Nosotros abrimos a las nueve y cerramos a las seis, también si llueve.",
        "¿Tienen estacionamiento? Nosotros tenemos cuatro lugares para nuestros clientes frente a la tienda.",
        "¿Cuánto cuesta parchar una cámara? Nosotros la parchamos por cinco mil pesos, con garantía.",
        "¿A qué hora abren el sábado? Nosotros el sábado abrimos a las diez, y el domingo estamos cerrados.",
    )
    for number, words in enumerate(texts):
        stage.say(words, ago=30 - 3 * number)

    conversation = stage.conversation
    assert turns(conversation)[3] == ("hand_off", "loop")
    assert len(stage.sent) == 4
    assert events(conversation).count("handed_off") == 1
    assert conversation.unread_count >= 1


@pytest.mark.parametrize(
    "words", ("Este es un mensaje automático, ya te contactamos", "This is an automated reply")
)
def test_it_stops_before_one_that_says_it_is_automatic(stage: Stage, words: str) -> None:
    for number in range(6):
        stage.say(f"{words}. Su número es {number}. ¿A qué hora abren", ago=300 - 45 * number)

    assert turns(stage.conversation)[3] == ("hand_off", "loop")
    assert len(stage.sent) == 4


def test_people_who_type_fast_are_answered(stage: Stage) -> None:
    """Eight letters a second, and no pause to read: faster than nearly anyone, for a dozen questions."""
    questions = (
        "¿A qué hora abren?",
        "¿y el sábado a qué hora?",
        "¿Tienen estacionamiento?",
        "¿cuánto cuesta parchar?",
        "¿dónde queda la tienda?",
        "¿A qué hora cierran?",
        "¿venden cascos para niños?",
        "¿Tienen estacionamiento para autos?",
        "¿a qué hora abren el domingo?",
    )
    for number, words in enumerate(questions):
        stage.say(words, ago=60 - 4 * number)

    assert "loop" not in [reason for _, reason in turns(stage.conversation)]


def test_people_who_repeat_a_short_word_are_answered(stage: Stage) -> None:
    for number in range(4):
        stage.say("hola", ago=20 - number)

    assert len(stage.sent) == 4


def test_people_who_ask_the_same_twice_are_answered_twice(stage: Stage) -> None:
    for number, words in enumerate((HOURS, HOURS, "¿Tienen estacionamiento?", HOURS)):
        stage.say(words, ago=40 - 10 * number)

    assert len(stage.sent) == 4


def test_people_whom_no_answer_helps_hear_that_a_person_comes(stage: Stage) -> None:
    """Who asks the same for the fourth time is angry rather than a program."""
    for number in range(6):
        stage.say("¡¡ABREN HOY O NO!! ¿A qué hora abren?", ago=60 - 10 * number)

    conversation = stage.conversation
    assert turns(conversation)[3] == ("hand_off", "loop")
    assert len(stage.sent) == 4 and "persona del equipo" in stage.sent[3]
    assert conversation.unread_count == 6
    assert events(conversation).count("handed_off") == 1


def test_people_who_only_press_buttons_are_answered(stage: Stage) -> None:
    for number in range(5):
        reply = {
            "type": "list_reply",
            "list_reply": {"id": "h", "title": "¿Tienen estacionamiento?"},
        }
        stage.write("", type="interactive", interactive=reply, ago=20 - 3 * number)
        stage.answer()

    assert len(stage.sent) == 5


def test_a_word_of_the_team_ends_the_row(stage: Stage, bob: User) -> None:
    long = "¿A qué hora abren, y a qué hora cierran los sábados, los domingos y también los feriados?"
    for number in range(2):
        stage.say(f"{long} {number}", ago=20 - 2 * number)
    writes(stage, bob)
    db.session.execute(text("UPDATE conversations SET bot_quiet_until = NULL"))
    db.session.commit()

    for number in range(2, 4):
        stage.say(f"{long} {number}", ago=20 - 2 * number)

    assert "loop" not in [reason for _, reason in turns(stage.conversation)]


def test_it_says_twenty_things_an_hour_at_most(stage: Stage) -> None:
    for number in range(24):
        stage.say(("hola", "gracias", "hola hola")[number % 3] + "!" * number, ago=3000 - 100 * number)

    assert len(stage.sent) <= 20
    assert [kind for kind, _ in turns(stage.conversation)].count("hand_off") == 1


# --- One bubble


def test_several_questions_get_one_bubble(stage: Stage) -> None:
    for words in ("hola", HOURS, "¿Tienen estacionamiento?", "¿cuánto cuesta parchar?"):
        stage.write(words)

    stage.answer()

    assert len(stage.sent) == 1


def test_a_long_answer_of_the_model_is_not_split(thinking: Stage, server: ModelServer) -> None:
    long = "Abrimos temprano. " * 400
    server.plays(answering(long), answering(long), calling(call("hand_off", reason="too long")))

    thinking.say(HOURS)

    assert len(thinking.sent) == 1
    assert long.strip() not in thinking.sent[0]


def test_two_answers_of_the_model_in_one_turn_are_one_bubble(thinking: Stage, server: ModelServer) -> None:
    two = calling(call("answer", text="Abrimos."), call("answer", text="Y cerramos."))
    server.plays(two, two)

    thinking.say(HOURS)

    assert len(thinking.sent) == 1


# --- Honest about what it is


@pytest.mark.parametrize(
    "words", ("¿Eres un robot?", "hablo con una persona?", "are you a human?", "are you an AI?")
)
def test_it_says_that_it_is_a_program(stage: Stage, words: str) -> None:
    stage.say(words)

    assert "asistente automático" in stage.sent[0] or "automatic assistant" in stage.sent[0]


@pytest.mark.parametrize(
    "claim", ("Soy Marta, del equipo.", "I am a real person.", "No soy un bot, te lo juro.")
)
def test_an_answer_that_claims_to_be_a_person_never_leaves(
    thinking: Stage, server: ModelServer, claim: str
) -> None:
    server.plays(answering(f"{claim} Abrimos de 9:30 a 19:00."))

    thinking.say(HOURS)

    assert claim not in thinking.sent[0]
    assert turns(thinking.conversation) == [("answer", "model_nonsense")]


# --- A person within one word

STATES = ("at once", "after a fallback", "with a model", "when closed", "after an answer")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "word", ("persona", "HUMANO 🙏", "ajente", "Representative", "quiero ablar con alguien")
)
def test_a_person_comes_for_one_word(
    request: pytest.FixtureRequest, stage: Stage, thinking: Stage, server: ModelServer, state: str, word: str
) -> None:
    server.plays(answering(GOOD))
    it = thinking if state == "with a model" else stage
    if state == "when closed":
        request.getfixturevalue("always_closed")
    if state.startswith("after"):
        it.say("¿Cuál es la capital de Francia?" if "fallback" in state else HOURS)

    it.say(word)

    assert turns(it.conversation)[-1] == ("hand_off", "asked")
    assert "handed_off" in events(it.conversation)
    assert it.conversation.bot_quiet_until is not None
    assert server.received == []


def test_what_it_did_in_a_loop_is_told_to_people(stage: Stage) -> None:
    test_a_program_that_writes_faster_than_fingers_is_left_to_a_person(stage)

    told = db.session.scalars(select(LeadEvent).where(LeadEvent.kind == "handed_off")).all()
    assert "another program" in lines([(event, None) for event in told], 0)[0].what


# --- Nothing lost in a long burst


def test_what_comes_while_it_answers_a_long_burst_is_answered(thinking: Stage, server: ModelServer) -> None:
    """After 30 s of a burst the turn is put off no more; what comes during that turn has one of its own."""

    def think(handler: Handler) -> None:
        with thinking.app.app_context():
            thinking.write("¿Tienen estacionamiento?")
        answering(GOOD)(handler)

    thinking.write("hola")
    db.session.execute(text("UPDATE conversations SET bot_since_at = bot_since_at - interval '31 s'"))
    db.session.commit()
    thinking.write(HOURS)
    server.plays(think, answering("Tenemos dos lugares."))
    thinking.bot.turn(thinking.conversation.id)

    assert thinking.conversation.bot_due_at is not None
    thinking.answer()
    assert len(said(thinking.conversation)) == 2
