"""`POST /api/send-message`: to somebody known or not, once per key, and only while the window is open."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai import clock
from kiaai.accounts.api_keys import create_key
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Lead, LeadIdentity, Message, User
from tests.api.conftest import Call, bearer, codes, fields, open_window
from tests.people import enter

PATH = "/api/send-message"


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_message_is_queued_and_told_as_promised(post: Call, dana: Conversation) -> None:
    open_window(dana)

    answer = post(PATH, {"to": "+56 9 0000 0001", "message": "Your order is ready"})

    message = db.session.scalars(select(Message)).one()
    assert answer.status_code == 202
    assert answer.json["success"] is True and "warning" not in answer.json
    told = answer.json["message"]
    assert (told["id"], told["message_id"], told["status"]) == (message.id, None, "queued")
    assert (told["direction"], told["author"], told["kind"]) == ("outgoing", "api", "text")
    assert (told["message_text"], told["error"]) == ("Your order is ready", None)


@pytest.mark.parametrize("to", ["{id}", "CL.100000001"])
def test_somebody_is_reached_by_an_id(post: Call, dana: Conversation, to: str) -> None:
    open_window(dana)
    db.session.add(LeadIdentity(kind="bsuid", value="CL.100000001", lead_id=dana.lead_id))
    db.session.commit()

    answer = post(PATH, {"to": to.replace("{id}", f"id:{dana.lead_id}"), "message": "Hi"})

    assert answer.status_code == 202


@pytest.mark.parametrize("to", ["id:99999", "CL.unknown"])
def test_an_id_that_nobody_has_is_refused(post: Call, dana: Conversation, to: str) -> None:
    assert fields(post(PATH, {"to": to, "message": "Hi"})) == ["to"]
    assert count(Lead) == 1


def test_an_unknown_number_becomes_a_lead_although_the_window_is_closed(post: Call, channel: Channel) -> None:
    answer = post(PATH, {"to": "+56 9 0000 0042", "message": "Hello"})

    assert codes(answer) == (422, "window_closed")
    db.session.rollback()
    lead = db.session.scalars(select(Lead)).one()
    assert lead.phone_number == "56900000042"
    assert (count(Conversation), count(Message)) == (1, 0)


def test_a_window_that_closed_is_refused(post: Call, dana: Conversation) -> None:
    dana.last_inbound_at = clock.now().replace(year=2020)
    db.session.commit()

    assert codes(post(PATH, {"to": "56900000001", "message": "Hi"})) == (422, "window_closed")


def test_free_text_to_somebody_who_opted_out_goes_with_a_warning(post: Call, dana: Conversation) -> None:
    open_window(dana)
    dana.lead.opted_out_at = clock.now()
    db.session.commit()

    answer = post(PATH, {"to": "56900000001", "message": "Hi"})

    assert (answer.status_code, answer.json["warning"]) == (202, "opted_out")


def test_the_bot_falls_silent_unless_it_is_kept(post: Call, dana: Conversation) -> None:
    open_window(dana)

    post(PATH, {"to": "56900000001", "message": "Hi", "keep_bot": True})
    assert dana.is_bot_on(clock.now())
    post(PATH, {"to": "56900000001", "message": "Hi again"})
    assert not dana.is_bot_on(clock.now())


def test_a_person_may_send_and_keep_the_bot(client: FlaskClient, bob: User, dana: Conversation) -> None:
    open_window(dana)
    enter(client, bob)

    answer = client.post(PATH, json={"to": "56900000001", "message": "Hi", "keep_bot": True})

    message = db.session.scalars(select(Message)).one()
    assert (answer.status_code, message.author, message.user_id) == (202, "api", bob.id)
    assert dana.is_bot_on(clock.now())


def test_the_same_key_and_body_give_the_first_message(post: Call, dana: Conversation) -> None:
    open_window(dana)
    body = {"to": "56900000001", "message": "Once"}

    first, second = (post(PATH, body, **{"Idempotency-Key": "order-7"}) for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json == second.json and count(Message) == 1


def test_the_same_key_with_another_body_is_refused(post: Call, dana: Conversation) -> None:
    open_window(dana)
    post(PATH, {"to": "56900000001", "message": "Once"}, **{"Idempotency-Key": "order-7"})

    answer = post(PATH, {"to": "56900000001", "message": "Twice"}, **{"Idempotency-Key": "order-7"})

    assert codes(answer) == (422, "idempotency_key_reused")
    assert count(Message) == 1


def test_two_programs_may_use_the_same_idempotency_key(post: Call, dana: Conversation) -> None:
    open_window(dana)
    _, other = create_key("crm")
    db.session.commit()
    body = {"to": "56900000001", "message": "Once"}

    post(PATH, body, **{"Idempotency-Key": "order-7"})
    post(PATH, body, **{"Idempotency-Key": "order-7", **bearer(other)})

    assert count(Message) == 2


@pytest.mark.parametrize("wrong", ["", "x" * 201])
def test_a_bad_idempotency_key_is_refused(post: Call, dana: Conversation, wrong: str) -> None:
    open_window(dana)

    assert fields(post(PATH, {"to": "56900000001", "message": "Hi"}, **{"Idempotency-Key": wrong})) == [
        "Idempotency-Key"
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": None}, "to"),
        ({"to": ""}, "to"),
        ({"to": "abc"}, "to"),
        ({"to": "123"}, "to"),
        ({"to": 56900000001}, "to"),
        ({"to": "5" * 30}, "to"),
        ({"message": None}, "message"),
        ({"message": ""}, "message"),
        ({"message": " \n"}, "message"),
        ({"message": "x" * 4097}, "message"),
        ({"message": ["Hi"]}, "message"),
        ({"from": "1"}, "from"),
        ({"from": 1}, "from"),
        ({"keep_bot": "yes"}, "keep_bot"),
        ({"keep_bot": None}, "keep_bot"),
        ({"text": "Hi"}, "text"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_made(
    post: Call, channel: Channel, change: dict[str, Any], field: str
) -> None:
    body = {"to": "56900000042", "message": "Hi", **change}

    assert fields(post(PATH, body)) == [field]
    assert (count(Lead), count(Message)) == (0, 0)


def test_the_longest_text_goes_and_odd_signs_are_cleaned(post: Call, dana: Conversation) -> None:
    open_window(dana)

    assert post(PATH, {"to": "56900000001", "message": "x" * 4096}).status_code == 202
    odd = post(PATH, {"to": "56900000001", "message": "a\x00b\ud83d"})
    assert odd.json["message"]["message_text"] == "a�b�"


def test_it_sends_from_the_named_channel(post: Call, dana: Conversation) -> None:
    other = Channel(phone_number_id="200000000000002", display_phone_number="+56 2 2111 0002")
    db.session.add(other)
    db.session.flush()
    on_other = Conversation(channel_id=other.id, lead_id=dana.lead_id)
    db.session.add(on_other)
    db.session.commit()
    open_window(dana)

    by_id = post(PATH, {"to": "56900000001", "message": "Hi", "from": dana.channel.phone_number_id})
    by_number = post(PATH, {"to": "56900000001", "message": "Hi", "from": "+56221110002"})

    assert by_id.status_code == 202
    # Nothing would ever send it: one installation sends from one number.
    assert fields(by_number) == ["to"]
    assert db.session.scalars(select(Message.conversation_id)).one() == dana.id
