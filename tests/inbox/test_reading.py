"""Reading: what was shown is read, what came after stays unread, and Meta is told what was seen."""

from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.models import Conversation
from tests.inbox.conftest import HTMX, Say


def read(client: FlaskClient, conversation: Conversation, message_id: int) -> int:
    path = f"/inbox/conversations/{conversation.id}/read"
    return client.post(path, data={"message": message_id}, headers=HTMX).status_code


def test_what_came_after_the_shown_message_stays_unread(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    shown = say(dana, "uno")
    say(dana, "dos")
    say(dana, "👍", kind="reaction")
    dana.unread_count = 2
    db.session.commit()

    assert read(signed_in, dana, shown.id) == 204

    db.session.refresh(dana)
    assert dana.unread_count == 1
    assert dana.read_wamid == shown.message_id and dana.read_due_at is not None


def test_an_answer_shown_last_reads_all_before_it(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    incoming = say(dana, "uno")
    answer = say(dana, "dos", direction="outgoing")

    read(signed_in, dana, answer.id)

    db.session.refresh(dana)
    assert (dana.unread_count, dana.read_wamid) == (0, incoming.message_id)


def test_reading_is_news_for_everybody_once(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    shown = say(dana)
    before = dana.version

    for _ in range(2):
        read(signed_in, dana, shown.id)

    db.session.refresh(dana)
    assert dana.version == before + 1


def test_a_message_of_somebody_else_reads_nothing(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)

    assert read(signed_in, dana, 999_999) == 204

    db.session.refresh(dana)
    assert dana.unread_count == 1


def test_opening_a_conversation_does_not_read_it(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)

    signed_in.get(f"/inbox/conversations/{dana.id}")

    db.session.refresh(dana)
    assert dana.unread_count == 1
