"""Internal notes: in the thread for the team, and nowhere near the customer."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.inbox import thread
from kiaai.models import Conversation, Message, Note, User
from tests.inbox.conftest import HTMX, Say
from tests.people import enter


def note(client: FlaskClient, conversation: Conversation, words: str) -> str:
    answer = client.post(
        f"/inbox/conversations/{conversation.id}/notes", data={"message": words}, headers=HTMX
    )
    assert answer.status_code == 200
    return answer.text


def order(html: str, *words: str) -> list[str]:
    """Return the words in the order in which the page has them."""
    return sorted(words, key=html.index)


def test_a_note_appears_in_the_thread_with_its_author(
    client: FlaskClient, alice: User, bob: User, dana: Conversation
) -> None:
    enter(client, bob)
    note(client, dana, "Llamar <mañana>")
    enter(client, alice)

    page = client.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text

    assert "Llamar &lt;mañana&gt;" in page and "<strong>Bob</strong>" in page
    assert "Delete this note" not in page


def test_a_note_is_no_message_and_changes_no_preview(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "Hola")
    version, preview = dana.version, dana.last_message_preview

    note(signed_in, dana, "Ojo con esto")
    db.session.refresh(dana)

    assert db.session.scalar(select(func.count()).select_from(Message)) == 1
    assert dana.version == version + 1
    assert (dana.last_message_preview, dana.talk_due_at, dana.bot_quiet_until) == (preview, None, None)


def test_the_form_of_the_composer_stores_a_note_even_at_the_address_of_messages(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "Hola")

    signed_in.post(
        f"/inbox/conversations/{dana.id}/messages", data={"message": "interno", "as": "note"}, headers=HTMX
    )

    assert db.session.scalars(select(Note.text)).all() == ["interno"]
    assert db.session.scalar(select(func.count()).where(Message.direction == "outgoing")) == 0


def test_notes_stand_between_messages_by_time(
    signed_in: FlaskClient, bob: User, dana: Conversation, say: Say
) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    for minute in (0, 20, 40):
        say(dana, f"mensaje-{minute}", timestamp=start + timedelta(minutes=minute))
    for minute in (-10, 10, 30, 50):
        at = start + timedelta(minutes=minute)
        db.session.add(Note(conversation_id=dana.id, user_id=bob.id, text=f"nota {minute}.", created_at=at))
    db.session.commit()

    page = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text.partition('id="messages"')[2]

    wanted = ["nota -10.", "mensaje-0", "nota 10.", "mensaje-20", "nota 30.", "mensaje-40", "nota 50."]
    assert order(page, *wanted) == wanted


def test_each_note_is_on_one_page_however_the_thread_is_loaded(
    bob: User, dana: Conversation, say: Say
) -> None:
    start = datetime.now(UTC) - timedelta(days=1)
    for minute in range(100):
        say(dana, str(minute), timestamp=start + timedelta(minutes=minute))
        at = start + timedelta(minutes=minute, seconds=30)
        db.session.add(Note(conversation_id=dana.id, user_id=bob.id, text=str(minute), created_at=at))
    db.session.add(
        Note(conversation_id=dana.id, user_id=bob.id, text="first", created_at=start - timedelta(1))
    )
    db.session.commit()

    pages = [thread.newest_messages(dana.id)]
    while pages[0].has_older:
        pages.insert(0, thread.older_messages(dana.id, pages[0].messages[0].id))
    again = thread.newest_messages(dana.id, pages[1].messages[0].id)

    assert [each.text for page in pages for each in page.notes] == ["first", *map(str, range(100))]
    assert [each.text for each in again.notes] == [each.text for page in pages[1:] for each in page.notes]


def test_a_note_under_a_quiet_conversation_is_news_to_the_poll(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    from tests.inbox.test_polling import poll

    say(dana, "Hola")
    address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")
    note(signed_in, dana, "Nueva nota")

    answer = signed_in.get(address, headers=headers)

    assert answer.status_code == 200 and "Nueva nota" in answer.text


def test_who_wrote_a_note_deletes_it_and_nobody_else(
    client: FlaskClient, alice: User, bob: User, dana: Conversation
) -> None:
    enter(client, bob)
    note(client, dana, "Un secreto")
    address = f"/inbox/notes/{db.session.scalars(select(Note.id)).one()}"
    enter(client, alice)
    refused = client.delete(address, headers=HTMX).status_code
    enter(client, bob)

    answer = client.delete(address, headers=HTMX)

    assert refused == 403
    assert answer.status_code == 200 and "Un secreto" not in answer.text
    assert client.delete(address, headers=HTMX).status_code == 404


@pytest.mark.parametrize("words", ["", "  \n", "x" * 4097])
def test_a_note_that_cannot_be_kept_comes_back_as_a_note(
    signed_in: FlaskClient, dana: Conversation, words: str
) -> None:
    answer = signed_in.post(f"/inbox/conversations/{dana.id}/notes", data={"message": words}, headers=HTMX)

    assert answer.status_code == 422
    assert f">{words}</textarea>" in answer.text and 'value="note" checked' in answer.text


def test_the_same_note_twice_in_a_minute_is_one(signed_in: FlaskClient, dana: Conversation) -> None:
    note(signed_in, dana, "Llamar")
    note(signed_in, dana, "Llamar")

    assert db.session.scalar(select(func.count()).select_from(Note)) == 1


def test_a_note_can_be_written_when_the_window_is_closed(signed_in: FlaskClient, dana: Conversation) -> None:
    assert "sin ventana" in note(signed_in, dana, "sin ventana")


def test_the_api_knows_nothing_of_notes(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "Hola")
    note(signed_in, dana, "interno")

    thread_of_api = signed_in.get("/api/conversations/56900000001").text

    assert "Hola" in thread_of_api and "interno" not in thread_of_api


def test_who_left_writes_no_notes(client: FlaskClient, carol: User, dana: Conversation) -> None:
    enter(client, carol)

    answer = client.post(f"/inbox/conversations/{dana.id}/notes", data={"message": "x"}, headers=HTMX)

    assert answer.status_code == 401
    assert db.session.scalar(select(func.count()).select_from(Note)) == 0
