"""The sweep finds all due work without any bell."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from kiaai import clock
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.extensions import db
from kiaai.models import (
    Attachment,
    Channel,
    Conversation,
    Installation,
    Message,
    OrphanReceipt,
    Process,
    WebhookEvent,
)
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.worker.sweep import Sweep


class Basket:
    """Takes the place of a pool and keeps what it is given."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def add(self, id: int) -> None:
        self.ids.append(id)

    def taken(self) -> list[int]:
        return self.ids

    def room(self) -> int:
        return 1


class Baskets:
    """Takes the place of the floor."""

    def __init__(self) -> None:
        self.senders, self.bots, self.files, self.readers = Basket(), Basket(), Basket(), Basket()
        self.replays, self.hooks, self.imports = Basket(), Basket(), Basket()


@pytest.fixture
def baskets() -> Baskets:
    return Baskets()


@pytest.fixture
def sweep(app: Flask, baskets: Any, channel: Channel) -> Sweep:
    return Sweep(app, baskets, app.extensions["whatsapp"], threading.Event())


@pytest.fixture
def queued(dana: Conversation) -> Message:
    dana.last_inbound_at = clock.now()
    message = queue_message(dana, Sender("user"), text="Hola")
    db.session.commit()
    return message


def test_it_finds_a_queued_message(
    sweep: Sweep, baskets: Baskets, dana: Conversation, queued: Message
) -> None:
    sweep.once()

    assert baskets.senders.ids == [dana.id]


def test_it_leaves_a_paused_channel_alone(sweep: Sweep, baskets: Baskets, queued: Message) -> None:
    db.session.execute(text("UPDATE channels SET paused_at = clock_timestamp(), paused_code = 368"))
    db.session.commit()

    sweep.once()

    assert baskets.senders.ids == []


def test_a_stopped_channel_is_tried_with_one_message_a_minute(
    sweep: Sweep, baskets: Baskets, dana: Conversation, queued: Message
) -> None:
    db.session.execute(
        text(
            "UPDATE channels SET paused_at = clock_timestamp(), paused_code = 368,"
            " probe_at = clock_timestamp() - interval '1 s'"
        )
    )
    db.session.commit()

    sweep.once()

    assert baskets.senders.ids == [dana.id]


def test_a_stopped_channel_is_tried_with_a_campaign_where_nothing_else_waits(
    sweep: Sweep, baskets: Baskets, dana: Conversation
) -> None:
    past = clock.now() - timedelta(seconds=1)
    dana_id, dana.campaign_due_at = dana.id, past
    db.session.execute(
        text("UPDATE channels SET paused_at = :at, paused_code = 368, probe_at = :at"), {"at": past}
    )
    db.session.commit()

    sweep.once()

    assert baskets.senders.ids == [dana_id]


def test_a_long_queue_of_one_kind_does_not_keep_the_others_waiting(
    sweep: Sweep, baskets: Baskets, dana: Conversation
) -> None:
    past = clock.now() - timedelta(seconds=1)
    dana_id, dana.bot_due_at = dana.id, past
    db.session.execute(
        text(
            "WITH made AS (INSERT INTO leads (phone_number)"
            "  SELECT n FROM generate_series(1, 450) n RETURNING id)"
            " INSERT INTO conversations (channel_id, lead_id, talk_due_at)"
            " SELECT :channel, id, :at FROM made"
        ),
        {"channel": dana.channel_id, "at": past},
    )
    db.session.commit()

    assert sweep.once()

    assert len(baskets.senders.ids) == 200
    assert baskets.bots.ids == [dana_id]


def test_it_finds_due_turns_files_and_reads(sweep: Sweep, baskets: Baskets, dana: Conversation) -> None:
    past = clock.now() - timedelta(seconds=1)
    dana.bot_due_at, dana.read_due_at, dana.read_wamid = past, past, "wamid.1"
    message = Message(conversation_id=dana.id, kind="image")
    db.session.add(message)
    db.session.flush()
    file = Attachment(message_id=message.id, media_id="1", next_try_at=past)
    db.session.add(file)
    db.session.commit()

    sweep.once()

    assert (baskets.bots.ids, baskets.readers.ids) == ([dana.id], [dana.id])
    assert baskets.files.ids == [file.id]


def test_it_finds_a_body_over_which_the_web_ran_out_of_time(sweep: Sweep, baskets: Baskets) -> None:
    past = clock.now() - timedelta(seconds=1)
    unfinished = WebhookEvent(body=b"{}", outcome="failed", replay_at=past)
    db.session.add_all([unfinished, WebhookEvent(body=b"{}", outcome="failed")])
    db.session.commit()

    sweep.once()

    assert baskets.replays.ids == [unfinished.id]


def test_it_joins_a_receipt_whose_message_is_known_by_now(sweep: Sweep, dana: Conversation) -> None:
    past = clock.now() - timedelta(seconds=1)
    receipt = OrphanReceipt(
        channel_id=dana.channel_id, wamid="wamid.OUT", status="delivered", next_try_at=past
    )
    message = Message(
        conversation_id=dana.id, direction="outgoing", status="sent", author="user", message_id="wamid.OUT"
    )
    db.session.add_all([receipt, message])
    db.session.commit()

    sweep.once()

    assert db.session.scalars(select(Message.status)).one() == "delivered"
    assert db.session.scalars(select(OrphanReceipt)).all() == []


def test_a_receipt_of_an_unknown_message_is_put_off_and_given_up_after_a_day(
    sweep: Sweep, channel: Channel
) -> None:
    now = clock.now()
    for wamid, age in (("wamid.NEW", timedelta(0)), ("wamid.OLD", timedelta(days=2))):
        db.session.add(
            OrphanReceipt(
                channel_id=channel.id, wamid=wamid, next_try_at=now - timedelta(1), received_at=now - age
            )
        )
    db.session.commit()

    sweep.once()

    db.session.expire_all()
    new, old = db.session.scalars(select(OrphanReceipt).order_by(OrphanReceipt.id)).all()
    assert new.next_try_at and new.next_try_at > now
    assert old.next_try_at is None


def test_it_gives_a_sign_of_life(sweep: Sweep) -> None:
    sweep.once()

    assert len(db.session.scalars(select(Process)).all()) == 1
    assert db.session.get_one(Installation, 1).last_seen_at


def test_a_start_over_an_old_queue_of_a_restored_database_holds_it(
    sweep: Sweep, baskets: Baskets, queued: Message
) -> None:
    db.session.execute(text("UPDATE messages SET created_at = clock_timestamp() - interval '2 hours'"))
    db.session.execute(text("INSERT INTO installation (id) VALUES (1)"))
    db.session.commit()

    sweep.once()

    db.session.expire_all()
    assert db.session.get_one(Installation, 1).held_at is not None


def test_a_fresh_queue_is_not_held_at_start(sweep: Sweep, baskets: Baskets, queued: Message) -> None:
    sweep.once()

    assert db.session.get_one(Installation, 1).held_at is None
    assert baskets.senders.ids


def test_a_channel_paused_for_its_token_resumes_when_the_number_can_be_looked_up(
    app: Flask, settings: Any, baskets: Any, channel: Channel
) -> None:
    channel.paused_at, channel.paused_code = clock.now(), 190
    db.session.commit()
    with SandboxServer(settings) as whatsapp:
        client = WhatsAppClient(
            whatsapp.url, "v25.0", settings.whatsapp_api_token, settings.whatsapp_phone_number_id
        )

        Sweep(app, baskets, client, threading.Event()).once()

    db.session.expire_all()
    assert db.session.get_one(Channel, channel.id).paused_at is None
