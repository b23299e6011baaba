"""Long threads: the line above what is new, a message far up, and the way back to the end."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from kiaai.extensions import db
from kiaai.inbox.thread import MOST_MESSAGES, PAGE_MESSAGES
from kiaai.inbox.windows import ABOVE, NEAR
from kiaai.models import Conversation, Message
from tests.inbox.conftest import HTMX, Say


def tell_much(conversation: Conversation, count: int) -> list[int]:
    """Store many messages, a minute apart. Returns their ids, the oldest first."""
    at = datetime.now(UTC) - timedelta(minutes=count + 1)
    rows = [
        {"conversation_id": conversation.id, "text": f"Línea {n}", "timestamp": at + timedelta(minutes=n)}
        for n in range(count)
    ]
    ids = db.session.scalars(insert(Message).returning(Message.id, sort_by_parameter_order=True), rows).all()
    conversation.last_inbound_at = at + timedelta(minutes=count - 1)
    db.session.commit()
    return list(ids)


def drawn(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'<article id="message-(\d+)"', html)]


def place(html: str) -> str:
    """Return what a poll of the drawn thread sends along."""
    return urlencode(re.findall(r'class="thread-place" name="(\w+)" value="([^"]*)"', html))


def test_a_line_stands_above_what_nobody_had_read(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "Hola", direction="outgoing")
    first = say(dana, "¿Están?")
    say(dana, "¿Hola?")

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    line, bubble = page.index('id="unread-line"'), page.index(f'id="message-{first.id}"')
    assert page.count('id="unread-line"') == 1 and "<article" not in page[line:bubble].rstrip("<article ")


def test_the_line_stays_through_polls_once_all_is_read(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    last = say(dana, "¿Están?")
    page = signed_in.get(f"/inbox/conversations/{dana.id}").text
    signed_in.post(f"/inbox/conversations/{dana.id}/read", data={"message": last.id})

    polled = signed_in.get(f"/inbox/conversations/{dana.id}/messages?{place(page)}").text
    opened_again = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert 'id="unread-line"' in polled and 'id="unread-line"' not in opened_again


def test_a_reaction_is_nothing_new_to_draw_a_line_above(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    target = say(dana, "Gracias")
    say(dana, "👍", kind="reaction", reply_to=target.message_id)
    dana.unread_count = 1
    db.session.commit()

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert f'name="unread" value="{target.id}"' in page


def test_a_message_not_far_up_is_shown_with_all_that_came_after(
    signed_in: FlaskClient, dana: Conversation
) -> None:
    ids = tell_much(dana, NEAR)

    page = signed_in.get(f"/inbox/conversations/{dana.id}?message={ids[20]}").text

    assert drawn(page) == ids[20 - ABOVE :] and f'data-target="message-{ids[20]}"' in page
    assert 'id="thread-end"' not in page


def test_a_message_far_up_is_shown_with_its_surroundings(signed_in: FlaskClient, dana: Conversation) -> None:
    ids = tell_much(dana, NEAR + 60)

    page = signed_in.get(f"/inbox/conversations/{dana.id}?message={ids[20]}").text

    assert drawn(page) == ids[20 - ABOVE : 20 + PAGE_MESSAGES + 1]
    assert 'id="thread-end"' in page and "before=" in page


def test_a_poll_of_a_part_brings_that_part_and_costs_one_query_when_nothing_is_new(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    ids = tell_much(dana, NEAR + 60)
    page = signed_in.get(f"/inbox/conversations/{dana.id}?message={ids[20]}").text
    tag = re.search(r'id="thread"[^>]*?hx-ptag="([^"]+)"', page, re.DOTALL)
    assert tag is not None
    address = f"/inbox/conversations/{dana.id}/messages?{place(page)}"

    unchanged = signed_in.get(address, headers={**HTMX, "HX-PTag": tag[1]})
    say(dana, "Recién")
    changed = signed_in.get(address, headers={**HTMX, "HX-PTag": tag[1]})

    assert unchanged.status_code == 304
    assert drawn(changed.text) == drawn(page) and 'id="thread-end"' in changed.text


def test_newer_messages_follow_until_the_end_is_there(signed_in: FlaskClient, dana: Conversation) -> None:
    ids = tell_much(dana, PAGE_MESSAGES + 10)
    address = f"/inbox/conversations/{dana.id}/messages/newer"

    first = signed_in.get(f"{address}?after={ids[4]}").text
    second = signed_in.get(f"{address}?after={drawn(first)[-1]}").text

    assert drawn(first) == ids[5 : 5 + PAGE_MESSAGES] and f"after={ids[4 + PAGE_MESSAGES]}" in first
    assert drawn(second) == ids[5 + PAGE_MESSAGES :] and 'id="thread-end"' not in second


@pytest.mark.parametrize("asked", ["0", "-4", "x", "99999999999999999999"])
def test_a_message_that_is_not_there_shows_the_newest(
    signed_in: FlaskClient, dana: Conversation, say: Say, asked: str
) -> None:
    newest = say(dana)

    response = signed_in.get(f"/inbox/conversations/{dana.id}?message={asked}")

    assert response.status_code == 200 and drawn(response.text) == [newest.id]


def test_no_more_than_a_page_may_hold_is_drawn(signed_in: FlaskClient, dana: Conversation) -> None:
    ids = tell_much(dana, MOST_MESSAGES + 20)
    address = f"/inbox/conversations/{dana.id}/messages"

    polled = signed_in.get(f"{address}?from={ids[0]}&until={ids[MOST_MESSAGES + 5]}").text

    assert drawn(polled) == ids[6 : MOST_MESSAGES + 6]


def test_a_line_far_up_is_drawn_when_it_is_loaded(signed_in: FlaskClient, dana: Conversation) -> None:
    ids = tell_much(dana, PAGE_MESSAGES + 10)
    dana.unread_count = PAGE_MESSAGES + 5
    db.session.commit()
    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    older = signed_in.get(
        f"/inbox/conversations/{dana.id}/messages/older?before={ids[10]}&{place(page)}"
    ).text

    assert 'id="unread-line"' not in page and 'id="unread-line"' in older
