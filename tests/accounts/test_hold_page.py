"""What is held: shown before anybody decides, and decided only by who has seen it."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from kiaai import clock
from kiaai.delivery import hold
from kiaai.extensions import db
from kiaai.models import Conversation, Message, User
from tests.people import enter


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


@pytest.fixture
def waiting(dana: Conversation) -> Message:
    """An old message to Dana that is held, beside one that was written after the hold."""
    old = queued(dana, "Su auto está <listo>", hours_ago=3)
    hold.hold("The database was restored.")
    db.session.commit()
    queued(dana, "Written later", hours_ago=0)
    return old


def queued(conversation: Conversation, text: str, hours_ago: int) -> Message:
    message = Message(conversation_id=conversation.id, direction="outgoing", author="user", text=text)
    message.status, message.created_at = "queued", clock.now() - timedelta(hours=hours_ago)
    if not hours_ago:
        message.created_at = clock.now() + timedelta(seconds=5)
    db.session.add(message)
    db.session.commit()
    return message


def seen(page: str) -> dict[str, str]:
    found = re.search(r'name="held_at" value="([^"]+)"', page)
    assert found is not None
    return {"held_at": found[1]}


def test_it_shows_what_waits_for_whom_and_why(admin: FlaskClient, waiting: Message) -> None:
    page = admin.get("/settings/hold").text

    assert "The database was restored." in page
    assert "Dana Díaz" in page and "Su auto está &lt;listo&gt;" in page
    assert "Send 1 message now" in page and "Cancel 1 message for good" in page
    assert "Written later" not in page


def test_an_admin_lets_it_go(admin: FlaskClient, waiting: Message) -> None:
    answer = admin.post("/settings/hold/release", data=seen(admin.get("/settings/hold").text))

    db.session.expire_all()
    assert answer.status_code == 303
    assert "1 message goes now" in admin.get(answer.location).text
    assert (hold.held(), waiting.status) == (None, "queued")


def test_an_admin_cancels_it(admin: FlaskClient, waiting: Message) -> None:
    answer = admin.post("/settings/hold/cancellation", data=seen(admin.get("/settings/hold").text))

    db.session.expire_all()
    assert "1 message was cancelled" in admin.get(answer.location).text
    assert (hold.held(), waiting.status) == (None, "cancelled")


@pytest.mark.parametrize("decision", ["release", "cancellation"])
def test_who_saw_another_hold_decides_nothing(admin: FlaskClient, waiting: Message, decision: str) -> None:
    old = {"held_at": "2026-01-01T00:00:00Z"}

    answer = admin.post(f"/settings/hold/{decision}", data=old)

    db.session.expire_all()
    assert (answer.status_code, "has changed" in answer.text) == (409, True)
    assert hold.held() is not None
    assert waiting.status == "queued"


def test_without_a_hold_there_is_nothing_to_decide(admin: FlaskClient) -> None:
    page = admin.get("/settings/hold").text

    assert "Nothing is held." in page
    assert "<button" not in page.partition("<main")[2]
