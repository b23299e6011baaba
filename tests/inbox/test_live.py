"""News without looking: what a browser is told of new messages."""

from typing import Any

from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.models import Conversation, User
from tests.inbox.conftest import Say, counted_queries


def ask(client: FlaskClient, after: object = "") -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/inbox/unread?after={after}").get_json()
    return found


def test_the_first_question_only_says_where_to_begin(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    message = say(dana, "¿Hola?")

    with counted_queries() as statements:
        found = ask(signed_in)

    assert found == {"newest": message.id, "unread": 1, "message": None}
    assert len(statements) == 1


def test_a_new_message_is_told_with_name_and_words(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    start = ask(signed_in)["newest"]
    say(dana, "¿Hola?")
    say(dana, "*¿Están?*")

    assert ask(signed_in, start)["message"] == {
        "conversation": dana.id,
        "name": "Dana Díaz",
        "text": "¿Están?",
    }


def test_what_was_read_or_is_a_colleagues_is_no_news(
    signed_in: FlaskClient, dana: Conversation, say: Say, alice: User
) -> None:
    start = ask(signed_in)["newest"]
    say(dana, "¿Hola?")
    dana.assignee_id = alice.id
    db.session.commit()
    of_a_colleague = ask(signed_in, start)["message"]
    dana.assignee_id, dana.unread_count = None, 0
    db.session.commit()

    assert (of_a_colleague, ask(signed_in, start)["message"]) == (None, None)


def test_our_own_messages_and_reactions_are_no_news(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    target = say(dana, "Gracias", direction="outgoing")
    say(dana, "👍", kind="reaction", reply_to=target.message_id)

    assert ask(signed_in, target.id - 1)["message"] is None


def test_strangers_are_told_nothing(client: FlaskClient, dana: Conversation, carol: User) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = carol.fs_uniquifier

    assert client.get("/inbox/unread").status_code == 401
