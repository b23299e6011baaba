"""The history of a conversation is deleted for good, by admins alone, and nothing brings it back."""

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from kiaai.delivery.outbox import Sender, queue_message
from kiaai.extensions import db
from kiaai.media import media_folder
from kiaai.models import Attachment, Channel, Conversation, Draft, Message, Note, User, WebhookEvent
from kiaai.webhook.replay import replay
from tests.conftest import Signed
from tests.inbox.conftest import HTMX, Attach, Say
from tests.inbox.test_deeds import deed, events
from tests.people import enter
from tests.webhook.test_views import body, status
from tests.webhook.test_views import text as message


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


def test_members_may_neither_ask_nor_do_it(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    said = say(dana, "Mi secreto")

    assert signed_in.get(f"/inbox/conversations/{dana.id}/history", headers=HTMX).status_code == 403
    assert deed(signed_in, "delete", dana, "history").status_code == 403
    assert said.text == "Mi secreto"
    assert 'id="more-erase"' not in signed_in.get(f"/inbox/conversations/{dana.id}").text


def test_the_question_names_the_person_and_how_much_it_is(
    admin: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)
    say(dana)

    question = admin.get(f"/inbox/conversations/{dana.id}/history", headers=HTMX).text

    assert "Dana Díaz" in question and "2 messages" in question


def test_every_word_and_file_goes_and_the_wamids_stay(
    admin: FlaskClient, alice: User, dana: Conversation, say: Say, attach: Attach
) -> None:
    kept = media_folder().keep(7, b"\x89PNG secret", is_durable=False)
    path = media_folder().root / kept.path
    image = say(
        dana, "Mi secreto", kind="image", payload={"image": {"caption": "Mi secreto"}}, reply_to="wamid.x"
    )
    attach(image, state="stored", path=kept.path, file_name="secreto.png")
    db.session.add(Note(conversation_id=dana.id, user_id=alice.id, text="Mi secreto"))
    db.session.add(Draft(conversation_id=dana.id, user_id=alice.id, text="Mi secreto"))
    db.session.execute(
        text("INSERT INTO bot_turns (conversation_id, input) VALUES (:id, 'Mi secreto')"), {"id": dana.id}
    )
    db.session.commit()
    wamid = image.message_id

    answers = [deed(admin, "delete", dana, "history") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (image.kind, image.text, image.payload, image.message_id) == ("erased", None, {}, wamid)
    assert not path.exists() and db.session.scalars(select(Attachment)).all() == []
    assert "secreto" not in everything(dana).lower()
    shown = admin.get(f"/inbox/conversations/{dana.id}").text
    assert "Mi secreto" not in shown and "Messages deleted by Alice" in shown
    assert (dana.last_message_preview, dana.unread_count) == ("", 0)


def everything(conversation: Conversation) -> str:
    """Return all rows that may hold words of the conversation, as text."""
    tables = ("messages", "attachments", "notes", "drafts", "bot_turns", "conversations", "webhook_events")
    # Else the bodies of the journal would be digits.
    db.session.execute(text("SET LOCAL bytea_output = 'escape'"))
    rows = [db.session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all() for table in tables]
    return str(rows)


def test_it_is_no_longer_found_nor_told_by_the_api(admin: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "Mi secreto")
    deed(admin, "delete", dana, "history")

    told = admin.get(f"/api/conversations/{dana.lead.phone_number}").json
    found = db.session.scalar(
        text("SELECT count(*) FROM messages WHERE kiaai_words(id, text)::text LIKE '%secreto%'")
    )

    assert told is not None and told["messages"] == [] and found == 0


def test_a_webhook_that_comes_again_brings_nothing_back(
    admin: FlaskClient, signed: Signed, channel: Channel, dana: Conversation
) -> None:
    own = body(message("wamid.own", "Mi secreto", sender=str(dana.lead.phone_number)))
    shared = body(
        message("wamid.mine", "Mi secreto", sender=str(dana.lead.phone_number)),
        message("wamid.theirs", "De otra", sender="56900020003"),
    )
    for raw in (own, shared):
        admin.post("/webhook", **signed(raw))
    deed(admin, "delete", dana, "history")

    for raw in (own, shared):
        assert admin.post("/webhook", **signed(raw)).status_code == 200
    events_of = db.session.scalars(select(WebhookEvent).order_by(WebhookEvent.id)).all()
    replay(events_of[1].id)

    db.session.expire_all()
    texts = db.session.scalars(select(Message.text).order_by(Message.id)).all()
    assert texts == [None, None, "De otra"]
    assert dana.unread_count == 0
    assert [event.outcome for event in events_of] == ["erased", "applied"] * 2
    # What others wrote in the same body can still be applied again.
    assert [b"De otra" in event.body for event in events_of] == [False, True] * 2
    assert "secreto" not in everything(dana).lower()


def test_deleted_words_that_come_again_with_a_newcomer_are_kept_nowhere(
    admin: FlaskClient, signed: Signed, channel: Channel, dana: Conversation
) -> None:
    secret = message("wamid.mine", "Mi secreto", sender=str(dana.lead.phone_number))
    admin.post("/webhook", **signed(body(secret)))
    deed(admin, "delete", dana, "history")

    admin.post("/webhook", **signed(body(secret, message("wamid.new", "De otra", sender="56900020003"))))

    assert "De otra" in everything(dana) and "secreto" not in everything(dana).lower()


def test_a_journal_row_in_parts_takes_no_deleted_words_either(
    admin: FlaskClient, signed: Signed, channel: Channel, dana: Conversation
) -> None:
    secret = message("wamid.mine", "Mi secreto", sender=str(dana.lead.phone_number))
    admin.post("/webhook", **signed(body(secret)))
    deed(admin, "delete", dana, "history")
    db.session.execute(text("ALTER TABLE messages ADD CHECK (text <> 'De otra')"))
    poison = message("wamid.theirs", "De otra", sender="56900020003")

    admin.post("/webhook", **signed(body(secret, poison)))

    last = db.session.scalars(select(WebhookEvent).order_by(WebhookEvent.id.desc())).first()
    assert last is not None
    assert (last.outcome, b"De otra" in last.body, b"Mi secreto" in last.body) == ("failed", True, False)
    assert "1 item" in (last.error or "")


@pytest.mark.parametrize("comes_again", [False, True])
def test_a_body_of_deleted_words_keeps_what_could_not_be_applied_yet(
    admin: FlaskClient, signed: Signed, channel: Channel, dana: Conversation, comes_again: bool
) -> None:
    db.session.execute(text("ALTER TABLE orphan_receipts ADD CHECK (wamid <> 'wamid.refused')"))
    secret = message("wamid.mine", "Mi secreto", sender=str(dana.lead.phone_number))
    both = json.loads(body(secret))
    both["entry"] += json.loads(body(status("wamid.refused", "read"), key="statuses"))["entry"]
    raw = json.dumps(both).encode()
    admin.post("/webhook", **signed(raw))
    deed(admin, "delete", dana, "history")

    if comes_again:
        admin.post("/webhook", **signed(raw))

    last = db.session.scalars(select(WebhookEvent).order_by(WebhookEvent.id.desc())).first()
    assert last is not None and "1 item" in (last.error or "")
    assert (last.outcome, b'"read"' in last.body, b"Mi secreto" in last.body) == ("failed", True, False)


def test_a_row_kept_elsewhere_is_emptied_when_it_is_applied_again(
    admin: FlaskClient, signed: Signed, channel: Channel, dana: Conversation
) -> None:
    own = body(message("wamid.own", "Mi secreto", sender=str(dana.lead.phone_number)))
    admin.post("/webhook", **signed(own))
    deed(admin, "delete", dana, "history")
    # As a restored backup would have it.
    kept = WebhookEvent(body=own, outcome="failed")
    db.session.add(kept)
    db.session.commit()

    event = replay(kept.id)

    assert (event.outcome, event.body, event.error) == ("erased", b"", None)


def test_the_journal_keeps_no_words_of_a_webhook_that_had_come_twice(
    admin: FlaskClient, signed: Signed, channel: Channel, dana: Conversation
) -> None:
    own = body(message("wamid.own", "Mi secreto", sender=str(dana.lead.phone_number)))
    for _ in range(2):
        admin.post("/webhook", **signed(own))

    deed(admin, "delete", dana, "history")

    events_of = db.session.scalars(select(WebhookEvent)).all()
    assert [(event.outcome, event.body) for event in events_of] == [("erased", b"")] * 2


def test_what_waited_is_cancelled_first(admin: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana)
    waiting = queue_message(dana, Sender("user"), text="Ya voy")
    db.session.commit()

    deed(admin, "delete", dana, "history")

    assert (waiting.status, waiting.text, dana.talk_due_at) == ("cancelled", None, None)


def test_it_waits_for_a_message_that_is_leaving(admin: FlaskClient, dana: Conversation, say: Say) -> None:
    said = say(dana, "Ya voy", direction="outgoing", status="sending", message_id=None)

    answer = deed(admin, "delete", dana, "history")

    assert (answer.status_code, said.text, events(dana, "history_deleted")) == (422, "Ya voy", 0)
    assert "being sent" in answer.text


def test_what_comes_afterwards_is_shown_below_the_line(
    admin: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "Mi secreto")
    deed(admin, "delete", dana, "history")
    say(dana, "Hola de nuevo")

    shown = admin.get(f"/inbox/conversations/{dana.id}").text

    assert shown.index("Messages deleted by") < shown.index("Hola de nuevo", shown.index('id="messages"'))


def test_an_edit_of_a_deleted_message_brings_no_words_back(
    admin: FlaskClient, dana: Conversation, say: Say
) -> None:
    from kiaai.webhook.statements import EDITS

    said = say(dana, "Mi secreto")
    deed(admin, "delete", dana, "history")
    say(dana, "Otro secreto", kind="edit", reply_to=said.message_id)

    for statement in EDITS:
        db.session.execute(text(statement), {"edited": [said.message_id]})

    db.session.expire_all()
    assert said.text is None
