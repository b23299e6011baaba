"""What people do with a conversation from its head: once, with words, and only what they may."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.models import Conversation, LeadEvent, User
from tests.inbox.conftest import HTMX, Say


def deed(client: FlaskClient, method: str, conversation: Conversation, name: str, **form: str) -> Any:
    """Do it, and let the test read what the database says now."""
    path = f"/inbox/conversations/{conversation.id}/{name}"
    answer = getattr(client, method)(path, data=form, headers=HTMX)
    db.session.expire_all()
    return answer


def events(conversation: Conversation, kind: str) -> int:
    of_kind = select(func.count()).where(LeadEvent.lead_id == conversation.lead_id, LeadEvent.kind == kind)
    return db.session.scalar(of_kind) or 0


def test_a_conversation_is_assigned_once_and_the_bot_still_answers(
    signed_in: FlaskClient, dana: Conversation, alice: User
) -> None:
    answers = [deed(signed_in, "put", dana, "assignee", user_id=str(alice.id)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (dana.assignee_id, dana.bot_quiet_until, events(dana, "assigned")) == (alice.id, None, 1)
    assert "You assigned the conversation to Alice" in answers[0].text
    assert 'name="user_id"' in answers[0].text  # the way back
    assert answers[0].headers["HX-Trigger"] == "conversations-changed"


def test_it_is_assigned_to_nobody_and_never_to_somebody_who_left(
    signed_in: FlaskClient, dana: Conversation, bob: User, carol: User
) -> None:
    dana.assignee_id = bob.id
    db.session.commit()

    refused = [
        deed(signed_in, "put", dana, "assignee", user_id=who) for who in (str(carol.id), "x", "9" * 30)
    ]
    assert [answer.status_code for answer in refused] == [422, 422, 422]
    assert dana.assignee_id == bob.id
    deed(signed_in, "put", dana, "assignee", user_id="")
    assert dana.assignee_id is None


def test_the_team_is_found_by_a_part_of_a_name_once_it_is_large(
    signed_in: FlaskClient, dana: Conversation, carol: User
) -> None:
    path = f"/inbox/conversations/{dana.id}/assignee"
    small = signed_in.get(path, headers=HTMX).text
    for number in range(9):
        db.session.add(User(email=f"p{number}@kia.example", name=f"Persona {number}"))
    db.session.commit()

    large = signed_in.get(path, headers=HTMX).text
    found = signed_in.get(path, query_string={"q": "sona 7"}, headers=HTMX).text

    assert 'name="q"' not in small and 'name="q"' in large
    assert "Persona 7" in found and "Persona 6" not in found and "Carol" not in large


def test_closing_offers_a_way_back_and_the_way_back_offers_none(
    signed_in: FlaskClient, dana: Conversation
) -> None:
    closed = deed(signed_in, "post", dana, "closure")
    state = dana.state
    undone = deed(signed_in, "delete", dana, "closure?undoing=1", undoing="1")

    assert (state, dana.state) == ("closed", "open")
    assert "toast-undo" in closed.text and 'id="reopen"' in closed.text
    assert 'class="toast"' not in undone.text and 'id="close"' in undone.text


def test_marked_as_unread_it_is_left_so_that_nobody_reads_it_at_once(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    shown = say(dana)
    signed_in.post(f"/inbox/conversations/{dana.id}/read", data={"message": shown.id})

    answers = [deed(signed_in, "post", dana, "unread") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert dana.unread_count == 1
    assert 'id="open"' in answers[0].text and "data-conversation" not in answers[0].text


def test_what_has_no_message_cannot_be_unread(signed_in: FlaskClient, dana: Conversation) -> None:
    answer = deed(signed_in, "post", dana, "unread")

    assert (answer.status_code, dana.unread_count) == (422, 0)
    assert "nothing to read" in answer.text


@pytest.mark.parametrize("priority", ["urgent", "", "HIGH"])
def test_only_known_priorities_are_taken(signed_in: FlaskClient, dana: Conversation, priority: str) -> None:
    answer = deed(signed_in, "put", dana, "priority", priority=priority)

    assert (answer.status_code, dana.priority) == (422, "normal")
    assert "high, normal, low" in answer.text


def test_a_priority_is_set_once_and_shown(signed_in: FlaskClient, dana: Conversation) -> None:
    first, _again = (deed(signed_in, "put", dana, "priority", priority="high") for _ in range(2))

    assert (dana.priority, events(dana, "priority")) == ("high", 1)
    assert "High priority" in first.text and "You set the priority to High" in first.text


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("put", "assignee"),
        ("put", "snooze"),
        ("delete", "snooze"),
        ("post", "unread"),
        ("put", "priority"),
        ("put", "block"),
        ("delete", "block"),
        ("delete", "history"),
    ],
)
def test_strangers_do_nothing(client: FlaskClient, dana: Conversation, method: str, name: str) -> None:
    version = dana.version

    assert deed(client, method, dana, name).status_code == 401
    assert dana.version == version


def test_what_is_not_there_is_not_found(signed_in: FlaskClient) -> None:
    assert signed_in.put("/inbox/conversations/999999/block", headers=HTMX).status_code == 404


def test_an_undo_leaves_alone_what_a_colleague_did_since(
    signed_in: FlaskClient, dana: Conversation, alice: User, bob: User
) -> None:
    deed(signed_in, "put", dana, "assignee", user_id=str(alice.id))
    dana.assignee_id = None
    dana.priority = "low"
    db.session.commit()

    late = [
        deed(signed_in, "put", dana, "assignee", user_id=str(bob.id), user_id_was=str(alice.id)),
        deed(signed_in, "put", dana, "priority", priority="normal", priority_was="high"),
    ]

    assert [answer.status_code for answer in late] == [422, 422]
    assert (dana.assignee_id, dana.priority) == (None, "low")
    assert "Somebody changed this meanwhile" in late[0].text


def test_taking_over_from_a_colleague_offers_no_undo_that_would_lose_them(
    signed_in: FlaskClient, dana: Conversation, alice: User
) -> None:
    from_nobody = deed(signed_in, "post", dana, "takeover")
    dana.assignee_id = alice.id
    db.session.commit()

    from_alice = deed(signed_in, "post", dana, "takeover")

    assert ("toast-undo" in from_nobody.text, "toast-undo" in from_alice.text) == (True, False)
