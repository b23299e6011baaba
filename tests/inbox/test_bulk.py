"""Several conversations at once: all are changed, or none, each with its line in the history."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, LeadEvent, Tag, User
from tests.conftest import make_conversation
from tests.inbox.conftest import HTMX, counted_queries
from tests.people import enter

BULK = "/inbox/conversations/bulk"


@pytest.fixture
def three(channel: Channel) -> list[Conversation]:
    return [make_conversation(channel, f"5690000000{n}", f"Persona {n}") for n in (1, 2, 3)]


def post(client: FlaskClient, rows: list[Conversation], **fields: Any) -> TestResponse:
    return client.post(BULK, data={"ids": [row.id for row in rows], **fields}, headers=HTMX)


def events() -> list[tuple[str, int | None]]:
    found = db.session.execute(select(LeadEvent.kind, LeadEvent.user_id).order_by(LeadEvent.id))
    return [(kind, user_id) for kind, user_id in found]


@pytest.mark.parametrize(
    ("action", "former", "state", "event"),
    [("close", "open", "closed", "closed"), ("reopen", "closed", "open", "reopened")],
)
def test_a_member_closes_and_reopens_several(
    signed_in: FlaskClient,
    three: list[Conversation],
    bob: User,
    action: str,
    former: str,
    state: str,
    event: str,
) -> None:
    for row in three:
        row.state = former
    db.session.commit()

    answer = post(signed_in, three, action=action)

    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "conversations-changed")
    assert {(row.state, row.version) for row in three} == {(state, 2)}
    assert events() == [(event, bob.id)] * 3


def test_several_are_given_to_a_person_and_taken_away_again(
    signed_in: FlaskClient, three: list[Conversation], alice: User, bob: User
) -> None:
    post(signed_in, three, action="assign", user_id=alice.id)
    assert {row.assignee_id for row in three} == {alice.id}

    post(signed_in, three, action="assign", user_id="")

    assert {(row.assignee_id, row.version) for row in three} == {(None, 3)}
    assert events() == [("assigned", bob.id)] * 6
    newest = db.session.scalars(select(LeadEvent).order_by(LeadEvent.id.desc())).first()
    assert newest is not None and (newest.old, newest.new) == ("Alice", None)


def test_what_is_so_already_is_no_news(
    signed_in: FlaskClient, three: list[Conversation], alice: User
) -> None:
    for _ in range(2):
        post(signed_in, three, action="assign", user_id=alice.id)
        post(signed_in, three, action="tag", add="vip")

    assert {row.version for row in three} == {3}
    assert len(events()) == 6


def test_tags_are_added_and_removed_and_show_in_each_conversation_of_the_person(
    signed_in: FlaskClient, three: list[Conversation], bob: User
) -> None:
    elsewhere = Channel(phone_number_id="200000000000009")
    db.session.add(elsewhere)
    db.session.flush()
    other = Conversation(channel_id=elsewhere.id, lead_id=three[0].lead_id)
    db.session.add(other)
    for row in three:
        row.lead.tags = ["old", "kept"]
    db.session.commit()

    answer = post(signed_in, three, action="tag", add=["vip,  big   one"], remove=["old"])

    assert answer.status_code == 200
    assert [row.lead.tags for row in three] == [["kept", "vip", "big one"]] * 3
    assert {row.version for row in (*three, other)} == {2}
    assert events() == [("tags", bob.id)] * 3


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"action": "assign", "user_id": "999999"}, "no such person"),
        ({"action": "assign", "user_id": "x"}, "no such person"),
        ({"action": "tag"}, "Choose a tag"),
        ({"action": "tag", "add": "x" * 51}, "At most 50 characters"),
        ({"action": "burn"}, "Must be one of"),
        ({"action": "close", "ids": ""}, "Select a conversation"),
        ({"action": "tag", "add": "vip", "ids": ""}, "Select a conversation"),
        ({"action": "close", "ids": "x"}, "no conversations"),
        ({"action": "close", "ids": str(2**63)}, "no conversations"),
        ({"action": "close", "ids": ",".join(map(str, range(1, 202)))}, "At most 200"),
    ],
)
def test_what_cannot_be_done_is_told(
    signed_in: FlaskClient, three: list[Conversation], fields: dict[str, str], reason: str
) -> None:
    answer = post(signed_in, three, **fields)

    assert answer.status_code == 422
    assert reason in answer.text
    assert {row.version for row in three} == {1}


@pytest.mark.parametrize("fields", [{"action": "close"}, {"action": "tag", "add": "vip"}])
def test_when_one_is_gone_none_is_changed(
    signed_in: FlaskClient, three: list[Conversation], fields: dict[str, str]
) -> None:
    ids = [*(row.id for row in three), 10**9]

    answer = signed_in.post(BULK, data={"ids": ids, **fields}, headers=HTMX)

    assert answer.status_code == 422
    assert {(row.version, row.state) for row in three} == {(1, "open")}
    assert events() == []


def test_when_one_person_has_too_many_tags_nobody_gets_more(
    signed_in: FlaskClient, three: list[Conversation]
) -> None:
    three[2].lead.tags = [f"tag {n}" for n in range(30)]
    db.session.commit()

    answer = post(signed_in, three, action="tag", add="one more")

    assert answer.status_code == 422
    assert [len(row.lead.tags) for row in three] == [0, 0, 30]
    assert events() == []


def test_who_left_gets_no_conversations(
    signed_in: FlaskClient, three: list[Conversation], carol: User
) -> None:
    assert post(signed_in, three, action="assign", user_id=carol.id).status_code == 422


@pytest.mark.parametrize(
    ("fields", "locked"),
    [({"action": "close"}, "conversations"), ({"action": "tag", "add": "vip"}, "leads conversations")],
)
def test_locks_are_taken_in_the_order_of_all_others(
    signed_in: FlaskClient, three: list[Conversation], fields: dict[str, str], locked: str
) -> None:
    with counted_queries() as statements:
        post(signed_in, three[::-1], **fields)

    locks = [statement for statement in statements if "FOR NO KEY UPDATE" in statement]
    first = locks[: len(locked.split())]
    for table, statement in zip(locked.split(), first, strict=True):
        assert f"FROM {table}" in statement.replace("\n", "")
        assert f"ORDER BY {table}.id FOR NO KEY UPDATE" in statement


def test_a_stranger_changes_nothing(client: FlaskClient, three: list[Conversation]) -> None:
    assert post(client, three, action="close").status_code == 401
    assert {row.state for row in three} == {"open"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "close"}, "3 conversations closed."),
        ({"action": "reopen"}, "3 conversations reopened."),
        ({"action": "assign", "user_id": ""}, "3 conversations assigned."),
        ({"action": "tag", "add": "vip"}, "3 conversations tagged."),
    ],
)
def test_a_word_says_what_was_done(
    signed_in: FlaskClient, three: list[Conversation], fields: dict[str, str], words: str
) -> None:
    assert words in post(signed_in, three, **fields).text


def test_people_who_left_are_not_offered(signed_in: FlaskClient, alice: User, bob: User, carol: User) -> None:
    menu = signed_in.get(f"{BULK}/assign", headers=HTMX).text

    assert "Alice" in menu and "(you)" in menu and "Carol" not in menu


def test_a_tag_that_all_have_is_offered_to_be_taken_away(
    signed_in: FlaskClient, three: list[Conversation]
) -> None:
    db.session.add_all([Tag(name="all", colour="red"), Tag(name="one", colour="blue"), Tag(name="none")])
    for row in three:
        row.lead.tags = ["all"]
    three[0].lead.tags = ["all", "one"]
    db.session.commit()

    ids = ",".join(str(row.id) for row in three)
    menu = signed_in.get(f"{BULK}/tag?ids={ids}", headers=HTMX).text

    offered = re.findall(r'aria-pressed="(\w+)"\s+hx-vals=.{"action": "tag", "(\w+)": "(\w+)"}', menu)
    assert offered == [("true", "remove", "all"), ("false", "add", "none"), ("mixed", "add", "one")]


def test_who_may_make_tags_is_led_to_them_and_others_hear_who_may(
    client: FlaskClient, alice: User, bob: User, three: list[Conversation]
) -> None:
    pages = ("/inbox/conversations/panel", f"{BULK}/tag?ids={three[0].id}")
    told = {}
    for person in (alice, bob):
        enter(client, person)
        told[person.role] = [client.get(page, headers=HTMX).text for page in pages]

    assert all('href="/settings/tags"' in page for page in told["admin"])
    assert not any("An administrator makes tags" in page for page in told["admin"])
    assert all("An administrator makes tags" in page for page in told["member"])
