"""Presence: who else has the conversation open, who writes, and that both end by themselves."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from kiaai.extensions import db
from kiaai.inbox import presence
from kiaai.inbox.thread import names_and_colleagues
from kiaai.models import Conversation, Presence, User
from tests.inbox.conftest import HTMX, counted_queries
from tests.inbox.test_polling import poll
from tests.people import enter


def tell(user: User, conversation: Conversation, is_typing: bool | None = None) -> None:
    presence.tell(user.id, conversation.id, is_typing)
    db.session.commit()


def pass_time(seconds: int) -> None:
    db.session.execute(
        text(
            "UPDATE presence SET seen_at = seen_at - make_interval(secs => :s),"
            " typing_at = typing_at - make_interval(secs => :s)"
        ),
        {"s": seconds},
    )
    db.session.commit()


def here(client: FlaskClient, conversation: Conversation) -> str:
    """Return what stands above the composer."""
    page = client.get(f"/inbox/conversations/{conversation.id}", headers=HTMX).text
    return page.partition('id="presence"')[2].partition('id="composer"')[0]


def test_a_colleague_is_seen_writing_and_then_only_there(
    signed_in: FlaskClient, alice: User, dana: Conversation
) -> None:
    tell(alice, dana, is_typing=True)
    writing = here(signed_in, dana)
    pass_time(7)
    there = here(signed_in, dana)
    pass_time(10)

    assert "Alice is writing" in writing
    assert "Alice has this open too" in there
    assert "Alice" not in here(signed_in, dana)


def test_nobody_sees_themselves(signed_in: FlaskClient, bob: User, dana: Conversation) -> None:
    tell(bob, dana, is_typing=True)

    assert "Bob" not in here(signed_in, dana)


@pytest.mark.parametrize(("then", "is_typing"), [(None, True), (False, False)])
def test_being_there_says_nothing_about_typing(
    bob: User, dana: Conversation, then: bool | None, is_typing: bool
) -> None:
    tell(bob, dana, is_typing=True)
    tell(bob, dana, then)

    assert [each.is_typing for each in names_and_colleagues(dana.id, viewer_id=0)[1]] == [is_typing]


def test_the_poll_notices_who_comes_writes_and_leaves(
    signed_in: FlaskClient, alice: User, dana: Conversation
) -> None:
    codes = []
    changes: tuple[Callable[[], None], ...] = (
        lambda: tell(alice, dana),
        lambda: tell(alice, dana, is_typing=True),
        lambda: pass_time(7),
        lambda: pass_time(10),
    )
    for change in changes:
        address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")
        before = signed_in.get(address, headers=headers).status_code
        change()
        codes.append((before, signed_in.get(address, headers=headers).status_code))

    assert codes == [(304, 200)] * 4


def test_a_poll_with_a_colleague_there_still_costs_one_query(
    signed_in: FlaskClient, alice: User, dana: Conversation
) -> None:
    tell(alice, dana, is_typing=True)
    address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")

    with counted_queries() as statements:
        answer = signed_in.get(address, headers=headers)

    assert (answer.status_code, len(statements)) == (304, 1)


def test_a_browser_tells_that_it_is_there(signed_in: FlaskClient, bob: User, dana: Conversation) -> None:
    path = f"/inbox/conversations/{dana.id}/presence"

    codes = [signed_in.post(path, data=form).status_code for form in ({}, {"typing": "1"})]

    assert codes == [204, 204]
    assert db.session.get_one(Presence, (bob.id, dana.id)).typing_at is not None


def test_no_presence_where_there_is_nothing_or_nobody(
    client: FlaskClient, bob: User, carol: User, dana: Conversation
) -> None:
    enter(client, carol)
    client.post(f"/inbox/conversations/{dana.id}/presence")
    enter(client, bob)
    client.post("/inbox/conversations/999999/presence")

    assert db.session.query(Presence).count() == 0
