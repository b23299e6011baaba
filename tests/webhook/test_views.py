"""The endpoint: signature, journal, repetition, races and a database that is away."""

import json
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai import clock, create_app
from kiaai.delivery import ownership
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.embedded import postgres
from kiaai.extensions import db
from kiaai.models import (
    Attachment,
    Channel,
    Conversation,
    Lead,
    LeadEvent,
    LeadIdentity,
    Message,
    OrphanReceipt,
    WebhookEvent,
)
from kiaai.webhook.replay import replay
from tests.conftest import PHONE_NUMBER_ID, VERIFY_TOKEN, Signed, make_conversation, make_settings
from tests.samples import payload
from tests.signals import to_each


def body(*items: dict[str, Any], field: str = "messages", key: str = "messages") -> bytes:
    """Make a body of one change with these items, all from people whose names are not given."""
    value = {
        "metadata": {"phone_number_id": PHONE_NUMBER_ID, "display_phone_number": "56221110000"},
        key: items,
    }
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [
        {"field": field, "value": value}]}]}).encode()  # fmt: skip


def text(
    wamid: str, words: str = "Hola", sender: str = "56900000001", at: int = 1_795_000_000
) -> dict[str, Any]:
    return {"from": sender, "id": wamid, "timestamp": str(at), "type": "text", "text": {"body": words}}


def status(wamid: str, name: str, at: int = 1_795_000_100, **more: Any) -> dict[str, Any]:
    return {"id": wamid, "status": name, "timestamp": str(at), "recipient_id": "56900000001", **more}


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def sent_message(conversation: Conversation, **values: Any) -> Message:
    message = Message(conversation_id=conversation.id, direction="outgoing", author="user", **values)
    db.session.add(message)
    db.session.commit()
    return message


def test_the_handshake_gives_the_challenge_back_as_plain_text(client: FlaskClient) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}

    answer = client.get("/webhook", query_string=query)

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "1158201444", "text/plain")


@pytest.mark.parametrize("token", ["wrong", "", "ñandú"])
def test_the_handshake_refuses_a_wrong_token(client: FlaskClient, token: str) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": token}

    assert client.get("/webhook", query_string=query).status_code == 403


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "sha256=ñ"])
def test_a_wrong_signature_stores_nothing(client: FlaskClient, channel: Channel, header: str | None) -> None:
    headers = {} if header is None else {"X-Hub-Signature-256": header.encode().decode("latin-1")}

    answer = client.post("/webhook", data=payload("in-text"), headers=headers)

    assert answer.status_code == 401
    assert (count(WebhookEvent), count(Message)) == (0, 0)


def test_a_body_over_four_megabytes_is_refused(client: FlaskClient, signed: Signed) -> None:
    assert client.post("/webhook", **signed(b" " * (4 * 1024 * 1024 + 1))).status_code == 413


def test_it_stores_a_repeated_event_once(client: FlaskClient, channel: Channel, signed: Signed) -> None:
    answers = [client.post("/webhook", **signed(payload("in-text"))).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert (count(Message), count(Lead)) == (1, 1)
    assert db.session.scalars(select(Conversation.unread_count)).one() == 1


@pytest.mark.parametrize(
    "raw", [b"not json", b"[1]", b"{}", b'{"entry": 3}', b"\xff\xfe", b"[" * 100_000, b'{"entry":[{"id":1}]}']
)
def test_what_cannot_be_read_is_kept_with_its_reason(
    client: FlaskClient, channel: Channel, signed: Signed, raw: bytes
) -> None:
    answer = client.post("/webhook", **signed(raw))

    event = db.session.scalars(select(WebhookEvent)).one()
    assert answer.status_code == 200
    assert (event.outcome, event.body) == ("failed", raw)
    assert event.error


def test_a_foreign_number_is_kept_as_unroutable(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("in-text").replace(b"200000000000001", b"299999999999999")))

    event = db.session.scalars(select(WebhookEvent)).one()
    assert (event.outcome, count(Message)) == ("unroutable", 0)
    assert "299999999999999" in (event.error or "")


def test_no_character_of_a_text_or_name_loses_a_message(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    words = "\x00 \ud800 " + "ñ👋" * 40_000
    item = text("wamid.1", words)

    client.post("/webhook", **signed(body(item)))

    stored = db.session.scalars(select(Message.text)).one()
    assert stored == "� � " + "ñ👋" * 40_000


def test_one_bad_item_does_not_harm_the_others(client: FlaskClient, channel: Channel, signed: Signed) -> None:
    raw = body(text("wamid.1"), {"type": "text"}, text("wamid.3", sender="56900000003"), "nonsense")  # type: ignore[arg-type]

    answer = client.post("/webhook", **signed(raw))

    assert answer.status_code == 200
    assert set(db.session.scalars(select(Message.message_id))) == {"wamid.1", "wamid.3"}
    assert db.session.scalars(select(WebhookEvent.outcome)).one() == "failed"


def test_an_item_that_the_database_refuses_leaves_the_others_alone(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    db.session.execute(db.text("ALTER TABLE messages ADD CHECK (text <> 'poison')"))
    raw = body(text("wamid.1"), text("wamid.2", "poison"), text("wamid.3", sender="56900000003"))

    answer = client.post("/webhook", **signed(raw))

    event = db.session.scalars(select(WebhookEvent)).one()
    assert answer.status_code == 200
    assert set(db.session.scalars(select(Message.message_id))) == {"wamid.1", "wamid.3"}
    assert event.outcome == "failed" and "1 item" in (event.error or "")
    assert set(db.session.scalars(select(Message.webhook_event_id))) == {event.id}


def test_a_failed_event_can_be_applied_again_and_twice_changes_nothing(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    db.session.execute(db.text("ALTER TABLE messages ADD CONSTRAINT poison CHECK (text <> 'poison')"))
    client.post("/webhook", **signed(body(text("wamid.1"), text("wamid.2", "poison"))))
    db.session.execute(db.text("ALTER TABLE messages DROP CONSTRAINT poison"))
    event_id = db.session.scalars(select(WebhookEvent.id)).one()

    outcomes = [replay(event_id).outcome for _ in range(2)]

    assert outcomes == ["applied", "applied"]
    assert (count(Message), count(WebhookEvent)) == (2, 1)
    assert db.session.scalars(select(Conversation.unread_count)).one() == 2


@pytest.mark.parametrize("order", [("sent", "delivered", "read"), ("read", "sent", "delivered")])
def test_it_keeps_read_when_delivered_comes_late(
    client: FlaskClient, dana: Conversation, signed: Signed, order: tuple[str, ...]
) -> None:
    message = sent_message(dana, status="sent", message_id="wamid.OUT")

    for name in order:
        client.post("/webhook", **signed(body(status("wamid.OUT", name), key="statuses")))

    db.session.refresh(message)
    assert message.status == "read"
    assert message.sent_at and message.delivered_at and message.read_at


def test_delivered_wins_over_failed_and_the_error_is_kept(
    client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    message = sent_message(dana, status="sent", message_id="wamid.OUT")
    failed = status("wamid.OUT", "failed", errors=[{"code": 131026, "title": "Message undeliverable"}])

    client.post("/webhook", **signed(body(status("wamid.OUT", "delivered"), failed, key="statuses")))

    db.session.refresh(message)
    assert (message.status, message.error_code) == ("delivered", 131026)


def test_a_failed_message_of_a_person_marks_the_conversation_unread(
    client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    sent_message(dana, status="sent", message_id="wamid.OUT")
    failed = status("wamid.OUT", "failed", errors=[{"code": 131047, "title": "Re-engagement message"}])

    client.post("/webhook", **signed(body(failed, key="statuses")))

    db.session.refresh(dana)
    assert dana.unread_count == 1


def test_a_status_with_our_key_settles_a_message_of_unknown_fate(
    client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    key = "6f0f9f64-6d3c-4b5d-9a3e-0a7f5d9a1c11"
    message = sent_message(dana, status="unknown", send_key=key)

    client.post(
        "/webhook",
        **signed(body(status("wamid.OUT", "delivered", biz_opaque_callback_data=key), key="statuses")),
    )

    db.session.refresh(message)
    assert (message.status, message.message_id) == ("delivered", "wamid.OUT")


def test_a_status_with_the_key_of_another_channel_settles_nothing(
    client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    key = "6f0f9f64-6d3c-4b5d-9a3e-0a7f5d9a1c11"
    message = sent_message(dana, status="unknown", send_key=key)
    db.session.add(Channel(phone_number_id="299999999999999"))
    db.session.commit()
    raw = body(status("wamid.OUT", "delivered", biz_opaque_callback_data=key), key="statuses")

    client.post("/webhook", **signed(raw.replace(b"200000000000001", b"299999999999999")))

    db.session.refresh(message)
    assert message.status == "unknown"
    assert count(OrphanReceipt) == 1


def test_a_repeated_status_changes_nothing_that_is_seen(
    client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    sent_message(dana, status="sent", message_id="wamid.OUT")
    raw = body(status("wamid.OUT", "delivered"), key="statuses")
    client.post("/webhook", **signed(raw))
    db.session.refresh(dana)
    version = dana.version

    client.post("/webhook", **signed(raw))

    db.session.refresh(dana)
    assert dana.version == version


def test_a_file_is_noted_for_fetching(client: FlaskClient, channel: Channel, signed: Signed) -> None:
    client.post("/webhook", **signed(payload("in-document")))

    file = db.session.scalars(select(Attachment)).one()
    assert (file.state, file.media_id, file.file_name) == (
        "waiting",
        "400000000000011",
        "cotizacion ñandú.pdf",
    )


def test_the_bot_is_due_after_an_incoming_text_alone(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("in-reaction")))
    conversation = db.session.scalars(select(Conversation)).one()
    assert conversation.bot_due_at is None

    client.post("/webhook", **signed(payload("in-text")))

    db.session.refresh(conversation)
    assert conversation.bot_due_at is not None


def test_a_stop_is_heard_even_while_a_person_has_the_word(
    client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    dana.bot_quiet_until = clock.now() + timedelta(hours=1)
    db.session.commit()
    client.post("/webhook", **signed(body(text("wamid.1", "¿Y mi pedido?"))))
    db.session.refresh(dana)
    assert dana.bot_due_at is None

    client.post("/webhook", **signed(body(text("wamid.2", "BAJA"))))

    db.session.refresh(dana)
    assert dana.bot_due_at is not None


def test_a_burst_cannot_put_the_answer_off_for_ever(
    client: FlaskClient, dana: Conversation, signed: Signed
) -> None:
    dana.bot_since_at = clock.now() - timedelta(seconds=40)
    db.session.commit()

    client.post("/webhook", **signed(body(text("wamid.1"))))

    db.session.refresh(dana)
    assert dana.bot_due_at and dana.bot_due_at < clock.now()


def test_an_answer_typed_on_the_phone_silences_the_bot_and_cancels_what_it_queued(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    now = int(db.session.scalar(select(func.extract("epoch", func.clock_timestamp()))) or 0)
    client.post("/webhook", **signed(body(text("wamid.1", at=now))))
    conversation = db.session.scalars(select(Conversation)).one()
    bots = queue_message(conversation, Sender("bot"), text="Hola", epoch=conversation.owner_epoch)
    db.session.commit()
    echo = {**text("wamid.2", "Te ayudo yo", "56221110000", now), "to": "56900000001"}

    client.post("/webhook", **signed(body(echo, field="smb_message_echoes", key="message_echoes")))

    db.session.refresh(conversation)
    db.session.refresh(bots)
    assert bots.status == "cancelled"
    assert (conversation.owner_epoch, conversation.bot_due_at) == (1, None)
    assert conversation.bot_quiet_until and conversation.unread_count == 0
    # Times of WhatsApp have no fractions, so that what the bot had queued stood below it.
    assert conversation.last_message_at < bots.timestamp
    assert (conversation.last_message_preview, conversation.last_direction) == ("Te ayudo yo", "outgoing")


def test_an_old_answer_from_the_phone_that_is_applied_again_takes_the_word_from_nobody(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    now = int(clock.now().timestamp())
    client.post("/webhook", **signed(body(text("wamid.1", at=now))))
    echo = {**text("wamid.2", "Te ayudo yo", "56221110000", now), "to": "56900000001"}
    client.post("/webhook", **signed(body(echo, field="smb_message_echoes", key="message_echoes")))
    event_id = db.session.scalars(select(func.max(WebhookEvent.id))).one()
    conversation = db.session.scalars(select(Conversation)).one()
    ownership.hand_back(conversation)
    bots = queue_message(conversation, Sender("bot"), text="Hola", epoch=conversation.owner_epoch)
    db.session.commit()
    bots_id, epoch = bots.id, conversation.owner_epoch

    replay(event_id)

    assert db.session.get_one(Message, bots_id).status == "queued"
    assert db.session.scalars(select(Conversation.owner_epoch)).one() == epoch


def test_an_old_new_number_that_is_applied_again_changes_nothing(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("in-text")))
    first = payload("in-system-number-changed")
    client.post("/webhook", **signed(first))
    event_id = db.session.scalars(select(func.max(WebhookEvent.id))).one()
    second = first.replace(b"56900000002", b"56900000003").replace(b"56900000001", b"56900000002")
    client.post("/webhook", **signed(second.replace(b"wamid.KIA0023AAAA", b"wamid.KIA0923AAAA")))

    replay(event_id)

    assert db.session.scalars(select(Lead.phone_number)).one() == "56900000003"
    assert db.session.scalars(select(LeadEvent.kind)).all().count("number") == 2


def test_a_business_scoped_id_learned_later_joins_the_same_person(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(body(text("wamid.1"))))

    client.post("/webhook", **signed(payload("in-text")))
    client.post("/webhook", **signed(payload("in-username-only-no-phone-bsuid")))

    assert count(Lead) == 1
    assert set(db.session.scalars(select(LeadIdentity.kind))) == {"bsuid", "wa_id", "phone"}


def test_ids_of_two_known_people_are_never_merged_silently(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    client.post("/webhook", **signed(payload("in-username-only-no-phone-bsuid")))
    client.post("/webhook", **signed(body(text("wamid.1"))))
    assert count(Lead) == 2

    for _ in range(2):
        client.post("/webhook", **signed(payload("in-text")))

    assert (count(Lead), count(Message)) == (2, 3)


def test_a_number_that_somebody_is_known_by_is_never_given_to_another(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    username = {key: value for key, value in text("wamid.1").items() if key != "from"}
    first = {**username, "from_user_id": "CL.77"}
    both = {**text("wamid.3", sender="56900000003"), "from_user_id": "CL.77"}
    for items in ([first], [text("wamid.2", sender="56900000003")], [both, text("wamid.4")]):
        assert client.post("/webhook", **signed(body(*items))).status_code == 200

    numbers = db.session.scalars(select(Lead.phone_number).where(Lead.phone_number.is_not(None))).all()

    assert (len(numbers), set(numbers)) == (2, {"56900000003", text("wamid.4")["from"]})


def test_a_brazilian_number_with_and_without_the_ninth_digit_is_one_person(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    for number, wamid in (("553190000001", "wamid.1"), ("5531990000001", "wamid.2")):
        client.post("/webhook", **signed(body(text(wamid, sender=number))))

    assert count(Lead) == 1


def test_a_thousand_new_people_in_one_body_all_come_in(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    items = [text(f"wamid.{n}", sender=str(56900000000 + n)) for n in range(1000)]

    answer = client.post("/webhook", **signed(body(*items)))

    assert answer.status_code == 200
    assert (count(Lead), count(Conversation), count(Message)) == (1000, 1000, 1000)
    assert db.session.scalars(select(LeadEvent.kind).distinct()).all() == ["created"]


@pytest.mark.committed
def test_many_bodies_about_one_new_person_at_once_make_one_lead(
    app: Flask, channel: Channel, signed: Signed
) -> None:
    bodies = [body(text(f"wamid.{n}", at=1_795_000_000 + n)) for n in range(12)]
    answers: list[int] = []

    def post(raw: bytes) -> None:
        # Too busy is an answer too: Meta comes again.
        for _ in range(20):
            status_code = app.test_client().post("/webhook", **signed(raw)).status_code
            if status_code != 503:
                break
        answers.append(status_code)

    threads = [threading.Thread(target=post, args=[raw]) for raw in bodies * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert answers == [200] * 24
    assert (count(Lead), count(Conversation), count(Message)) == (1, 1, 12)
    assert db.session.scalars(select(Conversation.unread_count)).one() == 12


def test_without_a_database_it_answers_503_and_meta_comes_again(tmp_path: Any, signed: Signed) -> None:
    settings = make_settings("postgresql://nobody@127.0.0.1:1/none", tmp_path)
    client = create_app(settings).test_client()

    answer = client.post("/webhook", **signed(payload("in-text")))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_with_a_stopped_database_it_answers_503_instead_of_hanging(
    app: Flask, signed: Signed, tmp_path: Any
) -> None:
    with tempfile.TemporaryDirectory(prefix="kiaai-test-") as folder:
        url = postgres.start(Path(folder) / "instance")
        client = create_app(make_settings(url, tmp_path)).test_client()
        # The first body opens a connection; without tables it is refused, which is all it is for.
        client.post("/webhook", **signed(payload("in-text")))
        server = psutil.Process(
            int((Path(folder) / "instance/postgres/postmaster.pid").read_text().split()[0])
        )
        stopped = [server, *server.children()]
        to_each(stopped, psutil.Process.suspend)
        started = time.monotonic()

        answer = client.post("/webhook", **signed(payload("in-text")))

        took_seconds = time.monotonic() - started
        to_each(stopped, psutil.Process.resume)
        postgres.stop(Path(folder) / "instance")
    assert answer.status_code == 503
    # A contract of the endpoint, not a measurement: three seconds, and some for a busy machine.
    assert took_seconds < 8


def test_the_name_that_fills_a_gap_stands_in_the_history_once(
    client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    dana = make_conversation(channel, "56900000001", "")

    for number in (1, 2):
        told = json.loads(body(text(f"wamid.FILL{number}", sender="56900000001")))
        value = told["entry"][0]["changes"][0]["value"]
        value["contacts"] = [{"profile": {"name": "Dana"}, "wa_id": "56900000001"}]
        client.post("/webhook", **signed(json.dumps(told).encode()))

    events = db.session.scalars(select(LeadEvent).filter_by(lead_id=dana.lead_id)).all()
    assert [(event.kind, event.new, event.by) for event in events] == [("name", "Dana", "customer")]
