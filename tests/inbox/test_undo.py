"""Taking back what was sent: for five seconds nothing leaves, then everything does, in its order."""

from flask.testing import FlaskClient
from sqlalchemy import select, text

from kiaai.delivery.outbox import UNDO_SECONDS, Sender, queue_message
from kiaai.extensions import db
from kiaai.models import Conversation, Message, User
from kiaai.sandbox.server import SandboxServer
from tests.delivery.conftest import Drain, drain_now, open_dana, pace, whatsapp, whatsapp_client
from tests.inbox.conftest import HTMX, Say
from tests.people import enter

__all__ = ["drain_now", "open_dana", "pace", "whatsapp", "whatsapp_client"]

_PASS = (
    "UPDATE messages SET next_attempt_at = next_attempt_at - make_interval(secs => :seconds)",
    "UPDATE conversations SET talk_due_at = talk_due_at - make_interval(secs => :seconds)",
)


def pass_time(seconds: float) -> None:
    for statement in _PASS:
        db.session.execute(text(statement), {"seconds": seconds})
    db.session.commit()


def write(client: FlaskClient, conversation: Conversation, words: str, **fields: object) -> Message:
    """Send from the dashboard; return the row."""
    path = f"/inbox/conversations/{conversation.id}/messages"
    assert client.post(path, data={"message": words, **fields}, headers=HTMX).status_code == 200
    return db.session.scalars(select(Message).where(Message.text == words)).one()


def undo(client: FlaskClient, message: Message) -> str:
    return client.post(f"/inbox/messages/{message.id}/cancel", headers=HTMX).text


def texts(whatsapp: SandboxServer) -> list[str]:
    return [sent["text"] for sent in whatsapp.sent]


def test_nothing_leaves_before_five_seconds_and_then_it_does(
    signed_in: FlaskClient, whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain
) -> None:
    message = write(signed_in, open_dana, "Hola")

    at_once = drain_now(open_dana)
    pass_time(UNDO_SECONDS - 0.5)
    shortly_before = drain_now(open_dana)
    pass_time(0.5)
    drain_now(open_dana)

    assert (at_once, shortly_before) == (0, 0)
    assert texts(whatsapp) == ["Hola"] and message.status == "sent"


def test_what_was_undone_never_leaves_and_comes_back(
    signed_in: FlaskClient, whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain
) -> None:
    message = write(signed_in, open_dana, "Un <error>")

    answer = undo(signed_in, message)
    pass_time(60)
    drain_now(open_dana)

    assert texts(whatsapp) == [] and message.status == "cancelled"
    assert 'data-text="Un &lt;error&gt;"' in answer and 'hx-target="#undone"' in answer


def test_who_is_not_answered_after_all_waits_again(
    signed_in: FlaskClient, open_dana: Conversation, say: Say
) -> None:
    asked = say(open_dana, "¿Hay hora?")
    message = write(signed_in, open_dana, "Un error")

    undo(signed_in, message)

    db.session.refresh(open_dana)
    shown = (open_dana.last_message_preview, open_dana.last_direction, open_dana.last_message_at)
    assert shown == ("¿Hay hora?", "incoming", asked.timestamp)
    assert "¿Hay hora?" in signed_in.get("/inbox/conversations?tab=waiting", headers=HTMX).text


def test_who_comes_too_late_hears_it(
    signed_in: FlaskClient, whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain
) -> None:
    message = write(signed_in, open_dana, "Hola")
    pass_time(UNDO_SECONDS)
    drain_now(open_dana)

    answer = undo(signed_in, message)

    assert "Already sent" in answer and texts(whatsapp) == ["Hola"]


def test_the_words_come_back_to_who_wrote_them_alone(
    client: FlaskClient, bob: User, alice: User, open_dana: Conversation
) -> None:
    enter(client, bob)
    message = write(client, open_dana, "De Bob")
    enter(client, alice)

    answer = undo(client, message)

    assert message.status == "cancelled" and "undone" not in answer


def test_what_stands_behind_waits_and_keeps_its_order(
    signed_in: FlaskClient, whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain
) -> None:
    write(signed_in, open_dana, "uno")
    pass_time(3)
    write(signed_in, open_dana, "dos")
    queue_message(open_dana, Sender("api"), text="tres")
    db.session.commit()

    pass_time(2)
    drain_now(open_dana)
    first = texts(whatsapp)
    pass_time(3)
    drain_now(open_dana)

    assert first == ["uno"] and texts(whatsapp) == ["uno", "dos", "tres"]


def test_what_stood_behind_an_undone_message_goes_without_it(
    signed_in: FlaskClient, whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain
) -> None:
    message = write(signed_in, open_dana, "uno")
    queue_message(open_dana, Sender("api"), text="dos")
    db.session.commit()

    undo(signed_in, message)
    drain_now(open_dana)

    assert texts(whatsapp) == ["dos"]


def test_what_is_sent_again_can_be_taken_back_and_sent_again_after_all(
    signed_in: FlaskClient, whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain, say: Say
) -> None:
    failed = say(open_dana, "Hola", direction="outgoing", status="failed", message_id=None)
    path = f"/inbox/messages/{failed.id}/again"

    drawn = signed_in.post(path, headers=HTMX).text
    drain_now(open_dana)
    undo(signed_in, newest(open_dana))
    pass_time(60)
    drain_now(open_dana)
    taken_back = texts(whatsapp)
    signed_in.post(path, headers=HTMX)
    pass_time(UNDO_SECONDS)
    drain_now(open_dana)

    assert 'data-left="5"' in drawn and taken_back == []
    assert texts(whatsapp) == ["Hola"]


def newest(conversation: Conversation) -> Message:
    of_it = select(Message).where(Message.conversation_id == conversation.id)
    return db.session.scalars(of_it.order_by(Message.id.desc()).limit(1)).one()


def test_the_api_sends_at_once(whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain) -> None:
    queue_message(open_dana, Sender("api"), text="Ya")
    db.session.commit()

    drain_now(open_dana)

    assert texts(whatsapp) == ["Ya"]


def test_the_bot_is_cancelled_while_the_message_still_waits(
    signed_in: FlaskClient, whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain
) -> None:
    queue_message(open_dana, Sender("bot"), text="Soy el bot", epoch=open_dana.owner_epoch)
    db.session.commit()

    write(signed_in, open_dana, "Soy Bob")
    drain_now(open_dana)
    pass_time(UNDO_SECONDS)
    drain_now(open_dana)

    assert texts(whatsapp) == ["Soy Bob"]


def test_the_bubble_counts_down_for_who_can_undo(signed_in: FlaskClient, open_dana: Conversation) -> None:
    path = f"/inbox/conversations/{open_dana.id}/messages"

    bubble = signed_in.post(path, data={"message": "Hola"}, headers=HTMX).text

    assert 'data-left="5"' in bubble and "data-undo" in bubble
