"""Nothing is put away unread: what came in after the page was drawn is shown before the deed is done."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.models import Channel, Conversation
from tests.conftest import make_conversation
from tests.inbox.conftest import HTMX, Say
from tests.inbox.test_bulk import post
from tests.inbox.test_deeds import deed

CLOSE: tuple[Any, ...] = ("post", "closure", {})
SNOOZE: tuple[Any, ...] = ("put", "snooze", {"until": "tomorrow"})


@pytest.mark.parametrize(("method", "name", "fields"), [CLOSE, SNOOZE])
def test_a_message_that_just_arrived_is_shown_instead(
    signed_in: FlaskClient, dana: Conversation, say: Say, method: str, name: str, fields: dict[str, str]
) -> None:
    seen = say(dana, "Gracias")
    say(dana, "Ah, y otra cosa")

    answer = deed(signed_in, method, dana, name, seen=str(seen.id), **fields)

    assert (answer.status_code, dana.state) == (200, "open")
    assert "A new message has just arrived" in answer.text
    assert 'hx-target="#thread"' in answer.text and "Ah, y otra cosa" in answer.text


@pytest.mark.parametrize(("method", "name", "fields"), [CLOSE, SNOOZE])
def test_what_was_shown_may_be_put_away_unread(
    signed_in: FlaskClient, dana: Conversation, say: Say, method: str, name: str, fields: dict[str, str]
) -> None:
    seen = say(dana, "Gracias")
    say(dana, "👍", kind="reaction")

    deed(signed_in, method, dana, name, seen=str(seen.id), **fields)

    assert dana.state != "open"


def test_old_messages_that_were_read_hold_nobody_up(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    around = say(dana, "Hace un mes")
    say(dana, "Hace un rato")
    dana.unread_count = 0
    db.session.commit()

    deed(signed_in, "post", dana, "closure", seen=str(around.id))

    assert dana.state == "closed"


def test_a_page_says_what_it_shows(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    shown = say(dana, "Gracias")

    drawn = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text

    assert f'name="seen" value="{shown.id}"' in drawn


def test_many_answers_after_an_unread_message_do_not_hold_it_up_for_ever(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "¿Siguen ahí?")
    for number in range(60):
        last = say(dana, f"Respuesta {number}", direction="outgoing")
    drawn = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text
    assert f'name="seen" value="{last.id}"' in drawn

    deed(signed_in, "post", dana, "closure", seen=str(last.id))

    assert dana.state == "closed"


def test_of_several_those_with_something_new_stay(signed_in: FlaskClient, channel: Channel, say: Say) -> None:
    read, waiting, written = (make_conversation(channel, f"5690000000{n}", f"P{n}") for n in (1, 2, 3))
    say(waiting, "Visto en la lista")
    say(written, "Recién llegado")

    answer = post(
        signed_in,
        [read, waiting, written],
        action="close",
        unread=f"{read.id}:0,{waiting.id}:1,{written.id}:0",
    )

    db.session.expire_all()
    assert [row.state for row in (read, waiting, written)] == ["closed", "closed", "open"]
    assert "2 conversations closed. 1 has a new message, so it stays." in answer.text


def test_when_all_stay_nothing_is_called_closed(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "Recién llegado")

    answer = post(signed_in, [dana], action="close", unread=f"{dana.id}:0")

    assert "closed" not in answer.text and "1 has a new message" in answer.text
