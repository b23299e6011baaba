"""An exported talk becomes history of its customer's conversation, and nothing else happens."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from kiaai import clock
from kiaai.bot.reading import read_unanswered
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.imports import chat_records, records
from kiaai.leads.imports.running import run
from kiaai.models import (
    Channel,
    Conversation,
    Import,
    Lead,
    LeadEvent,
    Message,
    OutgoingDelivery,
    OutgoingWebhook,
    User,
)

NAME = "WhatsApp Chat with +56 9 0000 0001.txt"
TALK = (
    "[20/11/2025, 14:05:33] +56 9 0000 0001: Hola\n"
    "[20/11/2025, 14:06:00] Kia Pruebas: Buenas\n"
    "[20/11/2025, 14:06:00] Kia Pruebas: Buenas\n"
    "[20/11/2025, 14:07:00] +56 9 0000 0001: STOP\n"
)
LAST = datetime(2025, 11, 20, 17, 7, tzinfo=UTC)


def keep(content: str | bytes = TALK, name: str = NAME, user: int = 1) -> Import:
    raw = content if isinstance(content, bytes) else content.encode()
    return chat_records.keep(raw, name, user, "Kia Pruebas", "America/Santiago")


def imported(user: User, content: str = TALK, name: str = NAME, **chosen: str) -> int:
    record = keep(content, name, user.id)
    record.options = {**record.options, **chosen}
    chat_records.check(record)
    records.start(record)
    db.session.commit()
    number = record.id
    run(number)
    return number


def undo(number: int) -> None:
    records.start_undo(db.session.get_one(Import, number))
    db.session.commit()
    run(number)


def messages() -> list[Message]:
    return list(db.session.scalars(select(Message).order_by(Message.timestamp, Message.id)))


def test_it_becomes_history_with_its_own_times(dana: Conversation, alice: User) -> None:
    lead_id = dana.lead_id
    number = imported(alice)

    told = messages()
    conversation = db.session.scalars(select(Conversation)).one()
    assert [(m.direction, m.author, m.status, m.text) for m in told] == [
        ("incoming", "customer", "received", "Hola"),
        ("outgoing", "phone", "sent", "Buenas"),
        ("outgoing", "phone", "sent", "Buenas"),
        ("incoming", "customer", "received", "STOP"),
    ]
    assert (told[0].timestamp, told[3].timestamp) == (datetime(2025, 11, 20, 17, 5, 33, tzinfo=UTC), LAST)
    assert {m.payload["imported"] for m in told} == {number}
    assert (conversation.lead_id, conversation.last_message_preview) == (lead_id, "STOP")
    assert conversation.last_message_at == LAST


def test_nothing_else_happens(dana: Conversation, alice: User) -> None:
    events = ["message.received", "message.status", "lead.changed"]
    db.session.add(OutgoingWebhook(url="https://hook.example/", secret="s" * 32, events=events))
    db.session.commit()

    imported(alice)

    talk = db.session.scalars(select(Conversation)).one()
    assert (talk.last_inbound_at, talk.unread_count, talk.bot_due_at, talk.talk_due_at) == (
        None,
        0,
        None,
        None,
    )
    assert db.session.scalar(select(func.count()).select_from(OutgoingDelivery)) == 0
    assert talk.lead.opted_out_at is None


def test_the_bot_reads_it_as_told_long_ago_and_still_answers_who_waits(
    dana: Conversation, alice: User
) -> None:
    now = clock.now()
    waiting = Message(conversation_id=dana.id, text="¿Abren hoy?", timestamp=now - timedelta(minutes=1))
    db.session.add(waiting)
    db.session.commit()
    waiting_id = waiting.id

    imported(alice)

    unanswered = read_unanswered(messages(), 0, now)
    assert (unanswered.all_texts, unanswered.read_up_to) == (("¿Abren hoy?",), waiting_id)
    assert db.session.scalars(select(Conversation.last_message_preview)).one() == "¿Abren hoy?"


def test_the_same_file_twice_adds_nothing(dana: Conversation, alice: User) -> None:
    user = alice.id
    imported(alice)
    number = imported(db.session.get_one(User, user))

    assert len(messages()) == 4
    assert db.session.get_one(Import, number).counts["unchanged"] == 4


def test_what_came_by_itself_is_not_told_again(dana: Conversation, alice: User) -> None:
    db.session.add(Message(conversation_id=dana.id, text="Hola", timestamp=LAST - timedelta(seconds=100)))
    db.session.commit()

    imported(alice)

    assert [m.text for m in messages()] == ["Hola", "Buenas", "Buenas", "STOP"]


def test_undo_takes_just_these(dana: Conversation, alice: User) -> None:
    own = Message(conversation_id=dana.id, text="Antes", timestamp=LAST - timedelta(days=9))
    db.session.add(own)
    db.session.commit()

    undo(imported(alice))

    talk = db.session.scalars(select(Conversation)).one()
    assert [m.text for m in messages()] == ["Antes"]
    assert (talk.last_message_preview, talk.last_direction) == ("Antes", "incoming")


def test_a_person_who_was_not_there_comes_and_goes_with_it(channel: Channel, alice: User) -> None:
    talk = TALK.replace("+56 9 0000 0001", "Eva Prueba")
    number = imported(alice, talk, "WhatsApp Chat - Eva Prueba.zip.txt", phone="+56 9 0000 7001")

    lead = db.session.scalars(select(Lead)).one()
    assert (lead.customer_name, lead.phone_number, lead.last_contact_at) == (
        "Eva Prueba",
        "56900007001",
        LAST,
    )
    assert db.session.scalars(select(LeadEvent.by)).all() == ["import"]

    undo(number)
    assert db.session.scalars(select(Lead)).all() == []


def test_an_archive_is_read_without_its_media(app: Flask, alice: User) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("00000012-PHOTO.jpg", b"\xff\xd8")
        archive.writestr("_chat.txt", TALK)

    record = keep(packed.getvalue(), "WhatsApp Chat - +56 9 0000 0001.zip", alice.id)

    assert (record.total, record.options["phone"]) == (4, "56900000001")
    assert record.options["customer"] == "+56 9 0000 0001"


def test_dates_that_may_mean_two_days_are_asked_about(app: Flask, alice: User) -> None:
    record = keep("01/02/26, 14:05 - Dana: Hola\n", NAME, alice.id)

    with pytest.raises(ValidationFailed) as asked:
        chat_records.check(record)

    assert "day or the month" in asked.value.fields["file"][0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hola\n", "no chat exported"),
        (b"PK\x03\x04broken", "damaged"),
        (TALK.encode() + b"[20/11/2025, 14:08:00] Luz: Hola\n", "a group"),
        (b"", "empty"),
    ],
    ids=["no talk", "a broken archive", "a group", "nothing"],
)
def test_what_is_no_talk_says_why(app: Flask, content: bytes, reason: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        keep(content)

    assert reason in refused.value.fields["file"][0]


def test_a_damaged_archive_within_is_refused(app: Flask) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", TALK * 50)
    raw = bytearray(packed.getvalue())
    raw[60:90] = b"\xff" * 30

    with pytest.raises(ValidationFailed):
        keep(bytes(raw))
