"""Drafts: kept for each person and conversation, until they are sent."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai import clock
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.extensions import db
from kiaai.inbox.drafts import clear_draft
from kiaai.models import Conversation, Draft, User
from tests.inbox.conftest import HTMX, Say
from tests.people import enter
from tests.settings.test_canned_replies_page import WAITING


def keep(client: FlaskClient, conversation: Conversation, text: str, **fields: object) -> str:
    """Keep a draft; return its version."""
    answer = client.put(f"/inbox/conversations/{conversation.id}/draft", data={"text": text, **fields})
    assert answer.status_code == 204
    return answer.headers["X-Draft"]


def opened(client: FlaskClient, conversation: Conversation) -> str:
    return client.get(f"/inbox/conversations/{conversation.id}", headers=HTMX).text


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Draft)) or 0


def test_a_draft_waits_in_its_conversation_for_who_wrote_it(
    client: FlaskClient, alice: User, bob: User, dana: Conversation
) -> None:
    enter(client, bob)
    keep(client, dana, "Estimada <Dana>")

    seen_by_bob = opened(client, dana)
    enter(client, alice)
    seen_by_alice = opened(client, dana)

    assert ">Estimada &lt;Dana&gt;</textarea>" in seen_by_bob
    assert "Estimada" not in seen_by_alice


def test_lines_at_the_start_of_a_draft_stay(signed_in: FlaskClient, dana: Conversation) -> None:
    keep(signed_in, dana, "\n\nHola")

    # A browser drops the first line break inside a textarea.
    assert ">\n\n\nHola</textarea>" in opened(signed_in, dana)


def test_the_newest_wins_and_an_emptied_one_is_gone(signed_in: FlaskClient, dana: Conversation) -> None:
    first = keep(signed_in, dana, "uno")
    second = keep(signed_in, dana, "dos")

    assert first != second and ">dos</textarea>" in opened(signed_in, dana)
    assert keep(signed_in, dana, "") == "" and count() == 0


def test_a_repeated_draft_keeps_its_version(signed_in: FlaskClient, dana: Conversation) -> None:
    assert keep(signed_in, dana, "uno") == keep(signed_in, dana, "uno")


def test_another_tab_hears_only_of_what_it_does_not_know(signed_in: FlaskClient, dana: Conversation) -> None:
    path = f"/inbox/conversations/{dana.id}/draft"
    version = keep(signed_in, dana, "uno")

    known, unknown = signed_in.get(f"{path}?known={version}"), signed_in.get(f"{path}?known=")

    assert known.status_code == 204
    assert ">uno</textarea>" in unknown.text and f'data-draft="{version}"' in unknown.text


@pytest.mark.parametrize(("draft", "left"), [("Hola\n", 0), ("Hola y más", 1)])
def test_sending_clears_the_draft_of_what_was_sent_alone(
    signed_in: FlaskClient, dana: Conversation, draft: str, left: int
) -> None:
    dana.last_inbound_at = clock.now()
    db.session.commit()
    keep(signed_in, dana, draft)

    signed_in.post(f"/inbox/conversations/{dana.id}/messages", data={"message": "Hola"}, headers=HTMX)

    assert count() == left


@pytest.mark.parametrize(("key", "left"), [("k1", 0), ("k2", 1), ("", 1)])
def test_a_save_that_arrives_after_its_message_was_sent_keeps_nothing(
    signed_in: FlaskClient, dana: Conversation, key: str, left: int
) -> None:
    send(signed_in, dana, "Hola", "k1")

    version = keep(signed_in, dana, "Hola", key=key)

    assert (count(), bool(version)) == (left, bool(left))


@pytest.mark.committed
def test_a_save_waits_for_the_message_that_is_being_sent(
    app: Flask, signed_in: FlaskClient, dana: Conversation, bob: User
) -> None:
    dana.last_inbound_at = clock.now()
    db.session.commit()
    path = f"/inbox/conversations/{dana.id}/draft"
    queue_message(dana, Sender("user", bob.id), text="Hola", idempotency_key="k1")
    clear_draft(bob.id, dana.id, "Hola")

    with ThreadPoolExecutor() as pool, db.engine.connect() as other:
        saving = pool.submit(lambda: signed_in.put(path, data={"text": "Hola", "key": "k1"}))
        while not (saving.done() or other.scalar(WAITING)):
            pass
        db.session.commit()
        saving.result()

    assert count() == 0


def send(client: FlaskClient, conversation: Conversation, text: str, key: str) -> None:
    conversation.last_inbound_at = clock.now()
    db.session.commit()
    path = f"/inbox/conversations/{conversation.id}/messages"
    assert client.post(path, data={"message": text, "key": key}, headers=HTMX).status_code == 200


def test_a_draft_remembers_which_message_it_answers_and_for_whom_it_is(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    question = say(dana, "¿Tienen hora?")
    keep(signed_in, dana, "Sí", reply_to=question.id)
    with_quote = opened(signed_in, dana)
    keep(signed_in, dana, "Sí", **{"as": "note"})

    assert f'name="reply_to" value="{question.id}"' in with_quote
    assert 'value="note" checked' in opened(signed_in, dana)


def test_a_draft_cannot_answer_a_message_of_another_conversation(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    from tests.conftest import make_conversation

    other = say(make_conversation(dana.channel, "56900000002", "Pedro"), "Secreto")
    keep(signed_in, dana, "Sí", reply_to=other.id)

    assert "Secreto" not in opened(signed_in, dana).partition('id="composer"')[2]


def test_drafts_are_of_those_who_are_let_in(client: FlaskClient, carol: User, dana: Conversation) -> None:
    enter(client, carol)

    answer = client.put(f"/inbox/conversations/{dana.id}/draft", data={"text": "x"}, headers=HTMX)

    assert answer.status_code == 401 and count() == 0


def test_a_draft_is_no_change_of_the_conversation(signed_in: FlaskClient, dana: Conversation) -> None:
    version = dana.version

    keep(signed_in, dana, "uno")
    db.session.refresh(dana)

    assert dana.version == version
