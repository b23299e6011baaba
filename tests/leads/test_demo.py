"""The demo is believable, harmless, and the same each time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from kiaai import clock
from kiaai.extensions import db
from kiaai.leads.demo import make_up
from kiaai.leads.demo_stories import invent
from kiaai.leads.demo_talks import TALKS
from kiaai.media import media_folder
from kiaai.media.storage import Storage
from kiaai.models import Article, Attachment, Base, Channel, Conversation, Lead, LeadEvent, Message, User


@pytest.fixture(autouse=True)
def folder(app: Flask, tmp_path: Path) -> Iterator[None]:
    kept, app.extensions["media"] = app.extensions["media"], Storage(tmp_path / "media")
    yield
    app.extensions["media"] = kept


def make(count: int, channel: Channel) -> int:
    return sum(made for _, made in make_up(count, channel.id))


def counted(table: type[Base]) -> int:
    return db.session.scalars(select(func.count()).select_from(table)).one()


def test_it_shows_every_kind_and_fate(channel: Channel, bob: User) -> None:
    make(len(TALKS), channel)

    kinds = set(db.session.scalars(select(Message.kind)))
    assert kinds >= {"text", "image", "audio", "video", "document", "sticker", "location", "contacts"}
    assert kinds >= {"order", "reaction", "template", "button", "interactive", "unsupported"}
    statuses = set(db.session.scalars(select(Message.status)))
    assert statuses == {"received", "delivered", "read", "failed", "unknown"}
    assert set(db.session.scalars(select(Lead.lead_status))) == {
        "unknown",
        "potential_client",
        "customer",
        "bad_lead",
    }
    assert set(db.session.scalars(select(Attachment.state))) == {"stored", "expired", "refused"}
    assert counted(LeadEvent) > 2 * len(TALKS)


def test_nothing_of_it_is_ever_sent(channel: Channel) -> None:
    make(60, channel)

    waits = (Conversation.talk_due_at, Conversation.campaign_due_at, Conversation.bot_due_at)
    due = select(func.count()).where(func.coalesce(*waits, Conversation.read_due_at).is_not(None))
    assert db.session.scalars(due).one() == 0
    assert "queued" not in set(db.session.scalars(select(Message.status)))


def test_a_second_run_adds_only_who_is_missing(channel: Channel) -> None:
    make(10, channel)
    messages = counted(Message)

    assert make(10, channel) == 0
    assert (counted(Message), make(15, channel), counted(Lead)) == (messages, 5, 15)


def test_a_person_who_is_there_already_is_left_alone(channel: Channel) -> None:
    number = invent(0, clock.now()).number
    db.session.add(Lead(phone_number=number, customer_name="Ana"))
    db.session.commit()

    make(3, channel)

    assert db.session.scalars(select(Lead.customer_name).where(Lead.phone_number == number)).one() == "Ana"


def test_the_same_people_come_each_time() -> None:
    now = clock.now()
    first, again = invent(7, now), invent(7, now + timedelta(hours=1))

    assert (first.name, first.talks, first.number) == (again.name, again.talks, again.number)
    assert again.ended_at - first.ended_at == timedelta(hours=1)
    assert invent(4999, now).number.startswith("5690000")


def test_the_list_agrees_with_the_messages(channel: Channel, bob: User) -> None:
    make(80, channel)

    for conversation in db.session.scalars(select(Conversation)):
        mine = select(Message).where(Message.conversation_id == conversation.id)
        messages = db.session.scalars(mine.order_by(Message.timestamp, Message.id)).all()
        assert [m.id for m in messages] == sorted(m.id for m in messages)
        assert conversation.last_message_at == messages[-1].timestamp <= clock.now()
        assert conversation.last_direction == messages[-1].direction
        inbound = [m.timestamp for m in messages if m.direction == "incoming" and m.kind != "reaction"]
        assert conversation.last_inbound_at == (inbound[-1] if inbound else None)


def test_some_windows_are_open_and_some_are_unread(channel: Channel) -> None:
    make(200, channel)

    conversations = db.session.scalars(select(Conversation)).all()
    is_open = [conversation.is_window_open(clock.now()) for conversation in conversations]
    assert 30 < sum(is_open) < 120
    assert 20 < sum(conversation.unread_count > 0 for conversation in conversations) < 120
    assert {conversation.state for conversation in conversations} == {"open", "closed"}


def test_its_files_are_there(channel: Channel) -> None:
    make(len(TALKS), channel)

    stored = db.session.scalars(select(Attachment).where(Attachment.state == "stored")).all()
    assert len(stored) >= 4
    for attachment in stored:
        path = media_folder().find(attachment.path)
        assert path and path.stat().st_size == attachment.size_bytes


@pytest.mark.faults
def test_a_thousand_are_made(channel: Channel) -> None:
    assert make(1000, channel) == 1000


def test_the_command_loads_leads_and_knowledge(app: Flask, channel: Channel) -> None:
    result = app.test_cli_runner().invoke(args=["leads", "seed", "--demo", "3"])

    assert (result.exit_code, result.stdout) == (0, "3 created, 0 there already\n")
    assert counted(Article) > 5


def test_a_real_number_gets_no_demo(app: Flask, channel: Channel) -> None:
    channel.is_sandbox = False
    db.session.commit()

    result = app.test_cli_runner().invoke(args=["leads", "seed", "--demo", "3"])

    assert (result.exit_code, counted(Lead)) == (2, 0)
