"""Queue, undo and send again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kiaai import clock
from kiaai.delivery import ownership
from kiaai.delivery.outbox import Sender, cancel, queue_message, send_again
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, LeadEvent, Message, User
from tests.delivery.conftest import Say


def test_a_queued_message_is_due_and_on_top_of_the_list(open_dana: Conversation, say: Say) -> None:
    version = open_dana.version

    message = say("Hola Dana")

    db.session.refresh(open_dana)
    assert (message.status, message.direction, message.author) == ("queued", "outgoing", "user")
    assert open_dana.talk_due_at is not None
    assert (open_dana.last_message_preview, open_dana.last_direction) == ("Hola Dana", "outgoing")
    assert open_dana.version > version


@pytest.mark.parametrize(("text", "word"), [("", "empty"), ("   \n", "empty"), ("x" * 4097, "4097")])
def test_it_refuses_an_empty_or_too_long_text(open_dana: Conversation, text: str, word: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        queue_message(open_dana, Sender("user"), text=text)

    assert word in refusal.value.fields["message"][0]


def test_the_longest_text_goes(say: Say) -> None:
    assert say("ñ" * 4096).status == "queued"


@pytest.mark.parametrize("hours", [None, 24, 23.95])
def test_it_refuses_text_outside_the_window_and_says_the_way_out(
    dana: Conversation, hours: float | None
) -> None:
    dana.last_inbound_at = None if hours is None else clock.now() - timedelta(hours=hours)
    db.session.commit()

    with pytest.raises(ValidationFailed) as refusal:
        queue_message(dana, Sender("user"), text="Hola")

    assert refusal.value.code == "window_closed"
    assert "template" in refusal.value.message


def test_a_template_may_leave_outside_the_window_but_not_to_who_opted_out(dana: Conversation) -> None:
    template = {"template": {"name": "cita", "language": {"code": "es"}}}
    assert queue_message(dana, Sender("user"), kind="template", payload=template).status == "queued"
    dana.lead.opted_out_at = clock.now()

    with pytest.raises(ValidationFailed) as refusal:
        queue_message(dana, Sender("user"), kind="template", payload=template)

    assert refusal.value.code == "opted_out"


def test_the_same_key_with_the_same_content_queues_once(say: Say) -> None:
    first = say("Hola", idempotency_key="k1")

    assert say("Hola", idempotency_key="k1").id == first.id


@pytest.mark.parametrize("key", ["k" * 201, "a\x00b"])
def test_a_key_that_the_database_could_not_keep_is_refused(say: Say, key: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        say("Hola", idempotency_key=key)

    assert "Idempotency-Key" in refusal.value.fields


def test_the_same_key_with_other_content_is_refused(say: Say) -> None:
    say("Hola", idempotency_key="k1")

    with pytest.raises(ValidationFailed) as refusal:
        say("Adiós", idempotency_key="k1")

    assert refusal.value.code == "idempotency_key_reused"


def test_what_we_say_comes_after_what_we_answer(open_dana: Conversation, say: Say) -> None:
    ahead = clock.now() + timedelta(minutes=5)
    db.session.add(Message(conversation_id=open_dana.id, timestamp=ahead))
    db.session.commit()

    assert say("Hola").timestamp >= ahead


def test_a_message_can_be_undone_until_it_leaves(open_dana: Conversation, say: Say) -> None:
    message = say("Ups")

    assert cancel(message.id)

    db.session.refresh(message)
    db.session.refresh(open_dana)
    assert (message.status, open_dana.talk_due_at) == ("cancelled", None)
    assert not cancel(message.id)


def test_the_list_shows_what_was_said_last_once_an_answer_is_taken_back(
    open_dana: Conversation, say: Say
) -> None:
    say("Hola")
    say("Soy el bot", author="bot", epoch=0)

    ownership.take_over(open_dana)

    db.session.refresh(open_dana)
    assert (open_dana.last_message_preview, open_dana.last_direction) == ("Hola", "outgoing")


def test_a_person_who_writes_silences_the_bot(open_dana: Conversation, say: Say) -> None:
    bots = say("Soy el bot", author="bot", epoch=0)

    say("Te ayudo yo")

    db.session.refresh(bots)
    db.session.refresh(open_dana)
    assert (bots.status, open_dana.owner_epoch) == ("cancelled", 1)
    assert not open_dana.is_bot_on(clock.now())


def test_a_program_may_write_and_keep_the_bot(open_dana: Conversation, say: Say) -> None:
    say("Su pedido salió", author="api", keep_bot=True)
    db.session.refresh(open_dana)
    assert open_dana.is_bot_on(clock.now())

    say("Su pedido llegó", author="api")
    db.session.refresh(open_dana)
    assert not open_dana.is_bot_on(clock.now())


def test_taking_over_cancels_the_bot_and_handing_back_ends_its_silence(
    open_dana: Conversation, say: Say
) -> None:
    bots = say("Soy el bot", author="bot", epoch=0)
    ownership.take_over(open_dana)
    db.session.refresh(bots)
    assert bots.status == "cancelled"

    ownership.hand_back(open_dana)

    assert open_dana.is_bot_on(clock.now())
    assert open_dana.owner_epoch == 1


def test_whoever_takes_over_is_the_one_who_answers_and_it_is_history(
    open_dana: Conversation, alice: User, bob: User
) -> None:
    ownership.take_over(open_dana, bob.id)
    ownership.hand_back(open_dana, alice.id)

    ownership.take_over(open_dana, alice.id)

    assert open_dana.assignee_id == alice.id
    told = select(LeadEvent.kind, LeadEvent.user_id).order_by(LeadEvent.id)
    assert db.session.execute(told).all() == [
        ("taken_over", bob.id),
        ("handed_back", alice.id),
        ("taken_over", alice.id),
    ]


def test_the_bot_is_off_for_who_opted_out(open_dana: Conversation) -> None:
    open_dana.lead.opted_out_at = clock.now()

    assert not open_dana.is_bot_on(clock.now())


def test_send_again_makes_one_new_row_whoever_presses_it_how_often(say: Say, alice: User, bob: User) -> None:
    message = say("Hola")
    message.status = "unknown"
    db.session.commit()

    again = [send_again(message, Sender("user", user_id=user.id)).id for user in (alice, bob)]

    assert again[0] == again[1] != message.id
    assert message.status == "unknown"


def test_what_did_not_fail_is_not_sent_again(say: Say) -> None:
    with pytest.raises(ValidationFailed):
        send_again(say("Hola"), Sender("user"))


def test_a_conversation_of_another_number_takes_no_message(open_dana: Conversation) -> None:
    other = Channel(phone_number_id="299999999999999")
    db.session.add(other)
    db.session.flush()
    open_dana.channel_id = other.id
    db.session.commit()

    with pytest.raises(ValidationFailed) as refusal:
        queue_message(open_dana, Sender("user"), text="Hola")

    assert "to" in refusal.value.fields
