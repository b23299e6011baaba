"""Sending while connections to the database break: no answer of WhatsApp is lost, no lease outlived."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from kiaai.config import Settings
from kiaai.delivery import channels, pacing, sending
from kiaai.delivery.claiming import Claim
from kiaai.delivery.pacing import Crowded, Pace, Slot
from kiaai.delivery.posting import post
from kiaai.delivery.receipts import join_due_orphans
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.models import Conversation, OrphanReceipt
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient
from tests.delivery.conftest import Drain, Say


def break_connection() -> None:
    """End the session that this thread is about to use, as a restart of PostgreSQL does."""
    pid = db.session.scalar(select(func.pg_backend_pid()))
    with db.engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


class BreakingPace(Pace):
    """Loses its connection whenever it asks for one more slot."""

    def next(self, channel_id: int) -> Slot | Crowded | None:
        break_connection()
        return super().next(channel_id)


class PaceBeforeABreak(Pace):
    """Loses the connection between the slot and the claim."""

    def reserve(self, conversation_id: int) -> Slot | Crowded | None:
        slot = super().reserve(conversation_id)
        break_connection()
        return slot


@pytest.mark.committed
def test_an_answer_that_cannot_be_saved_at_first_is_saved_at_the_next_try(
    whatsapp: SandboxServer,
    whatsapp_client: WhatsAppClient,
    open_dana: Conversation,
    say: Say,
    drain_now: Drain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = say("uno")
    monkeypatch.setattr(sending, "post", _before_a_break(post))

    drain_now(open_dana)

    assert (message.status, message.message_id) == ("sent", whatsapp.sent[-1]["wamid"])
    assert open_dana.lease_until is None


@pytest.mark.committed
def test_a_claim_that_cannot_be_saved_at_first_is_saved_at_the_next_try(
    app: Flask, settings: Settings, whatsapp_client: WhatsAppClient, open_dana: Conversation, say: Say
) -> None:
    message = say("uno")
    pace = PaceBeforeABreak(settings.whatsapp_phone_number_id, 1000)

    with app.app_context():
        drain(open_dana.id, whatsapp_client, pace)

    db.session.expire_all()
    assert message.status == "sent"


@pytest.mark.committed
def test_an_answer_is_saved_though_the_database_goes_away_before_the_next_slot(
    app: Flask,
    settings: Settings,
    whatsapp: SandboxServer,
    whatsapp_client: WhatsAppClient,
    open_dana: Conversation,
    say: Say,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = say("uno"), say("dos")
    # A busy machine would ask for another slot before the call already.
    monkeypatch.setattr(pacing, "LATENESS_SECONDS", 60)
    pace = BreakingPace(settings.whatsapp_phone_number_id, 1000)

    with app.app_context():
        drain(open_dana.id, whatsapp_client, pace)

    db.session.expire_all()
    assert (first.status, second.status) == ("sent", "queued")
    assert open_dana.lease_until is None


@pytest.mark.committed
def test_a_claimed_message_leaves_though_the_channel_cannot_be_told_of_the_one_before(
    app: Flask,
    whatsapp: SandboxServer,
    whatsapp_client: WhatsAppClient,
    pace: Pace,
    open_dana: Conversation,
    say: Say,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = say("uno"), say("dos")
    monkeypatch.setattr(channels, "note_success", _after_a_break(channels.note_success))

    with app.app_context():
        drain(open_dana.id, whatsapp_client, pace)

    db.session.expire_all()
    assert (first.status, second.status) == ("sent", "sent")


def test_receipts_that_cannot_be_joined_do_not_keep_the_others_waiting(open_dana: Conversation) -> None:
    incoming = "INSERT INTO messages (conversation_id, message_id) VALUES (:id, 'wamid.IN')"
    db.session.execute(text(incoming), {"id": open_dana.id})
    db.session.add(OrphanReceipt(channel_id=open_dana.channel_id, wamid="wamid.IN", status="read"))
    db.session.commit()

    join_due_orphans()

    due = select(OrphanReceipt.id).where(OrphanReceipt.next_try_at <= func.clock_timestamp())
    assert db.session.scalars(due).all() == []


def _after_a_break(work: Callable[[int, bool], None]) -> Callable[[int, bool], None]:
    def run(channel_id: int, was_probe: bool) -> None:
        break_connection()
        work(channel_id, was_probe)

    return run


def _before_a_break(work: Callable[[WhatsAppClient, Claim], str]) -> Callable[[WhatsAppClient, Claim], str]:
    def run(client: WhatsAppClient, claim: Claim) -> str:
        wamid = work(client, claim)
        break_connection()
        return wamid

    return run
