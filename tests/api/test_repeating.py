"""`POST /api/messages/{id}/again`: once more what failed, once however often it is asked for."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai import clock
from kiaai.extensions import db
from kiaai.models import ApiKey, Conversation, Message, User
from tests.api.conftest import Call, bearer, codes, open_window, say
from tests.people import enter


def outgoing(conversation: Conversation, status: str) -> Message:
    open_window(conversation)
    return say(conversation, "Listo", clock.now(), direction="outgoing", author="user", status=status)


def again(message: Message) -> str:
    return f"/api/messages/{message.id}/again"


def count_messages() -> int:
    return db.session.scalar(select(func.count()).select_from(Message)) or 0


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_what_failed_or_is_unknown_goes_again_as_a_new_message(
    post: Call, dana: Conversation, status: str
) -> None:
    first = outgoing(dana, status)

    answer = post(again(first), None)

    told = answer.json["message"]
    assert (answer.status_code, answer.json["success"]) == (202, True)
    assert (told["status"], told["message_text"], told["author"]) == ("queued", "Listo", "api")
    assert told["id"] != first.id


def test_asking_twice_sends_once_also_when_a_person_pressed_meanwhile(
    client: FlaskClient, key: tuple[ApiKey, str], dana: Conversation, bob: User
) -> None:
    first = outgoing(dana, "failed")

    by_key = client.post(again(first), headers=bearer(key[1]))
    enter(client, bob)
    by_person = client.post(again(first))
    pressed = client.post(f"/inbox/messages/{first.id}/again", headers={"HX-Request": "true"})

    assert (by_key.status_code, by_person.status_code, pressed.status_code) == (202, 202, 200)
    assert by_key.json == by_person.json
    assert count_messages() == 2


@pytest.mark.parametrize("status", ["queued", "sent", "read", "cancelled"])
def test_what_did_not_fail_is_refused(post: Call, dana: Conversation, status: str) -> None:
    answer = post(again(outgoing(dana, status)), None)

    assert codes(answer) == (422, "validation_failed")
    assert "did not fail" in answer.json["error"]["message"]
    assert count_messages() == 1


def test_after_the_window_closed_it_is_refused(post: Call, dana: Conversation) -> None:
    first = outgoing(dana, "failed")
    dana.last_inbound_at = None
    db.session.commit()

    assert codes(post(again(first), None)) == (422, "window_closed")


@pytest.mark.parametrize("message_id", ["999999", "99999999999999999999", "x"])
def test_an_unknown_message_is_not_found(post: Call, message_id: str) -> None:
    assert codes(post(f"/api/messages/{message_id}/again", None)) == (404, "not_found")


def test_strangers_may_not(client: FlaskClient, dana: Conversation) -> None:
    assert codes(client.post(again(outgoing(dana, "failed")))) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        (None, "The 24 hours"),
        ("es-CL,es;q=0.9", "Pasaron las 24"),
        ("de", "The 24 hours"),
        ("*", "The 24 hours"),
    ],
)
def test_an_error_is_explained_in_the_language_asked_for(
    client: FlaskClient, key: tuple[ApiKey, str], dana: Conversation, accepted: str | None, words: str
) -> None:
    outgoing(dana, "failed").error_code = 131047
    db.session.commit()
    headers = {**bearer(key[1]), **({"Accept-Language": accepted} if accepted else {})}

    answer = client.get("/api/conversations/56900000001", headers=headers)

    assert answer.json is not None
    (message,) = answer.json["messages"]
    assert message["error"]["title"].startswith(words)
    assert message["error"]["code"] == 131047
    assert "Accept-Language" in answer.headers["Vary"]
