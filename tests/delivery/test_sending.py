"""From a queued row to a sent message, against a WhatsApp that has bad days."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text

from kiaai import clock
from kiaai.delivery import channels, hold
from kiaai.delivery.pacing import Pace
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, OrphanReceipt
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient
from tests.delivery.conftest import Drain, Say
from tests.inbox.talk import store_message


def test_it_sends_in_the_order_queued_and_keeps_the_wamids(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    queued = [say(words) for words in ("uno", "dos", "tres 👋\nañadido")]

    assert drain_now(open_dana) == 3

    assert [sent["text"] for sent in whatsapp.sent] == ["uno", "dos", "tres 👋\nañadido"]
    assert [message.message_id for message in queued] == [sent["wamid"] for sent in whatsapp.sent]
    assert [str(message.send_key) for message in queued] == [sent["send_key"] for sent in whatsapp.sent]
    assert {message.status for message in queued} == {"sent"}
    assert (open_dana.lease_token, open_dana.talk_due_at) == (None, None)


def test_nothing_due_means_no_call(
    whatsapp: SandboxServer, open_dana: Conversation, drain_now: Drain
) -> None:
    assert drain_now(open_dana) == 0
    assert whatsapp.sent == []


def test_while_another_holds_the_lease_nothing_is_sent(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    say("Hola")
    _hold_lease(open_dana, "10 s")

    assert drain_now(open_dana) == 0
    assert whatsapp.sent == []


def test_a_call_left_over_by_a_dead_worker_is_unknown_and_never_repeated(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    left_over, following = say("uno"), say("dos")
    left_over.status, left_over.attempt = "sending", 1
    db.session.commit()
    _hold_lease(open_dana, "-1 s")

    drain_now(open_dana)

    assert (left_over.status, following.status) == ("unknown", "sent")
    assert [sent["text"] for sent in whatsapp.sent] == ["dos"]


def test_a_refused_message_fails_with_a_reason_and_does_not_block(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    refused = say("x")
    refused.kind, refused.payload = "template", {"template": {"name": "none", "language": {"code": "es"}}}
    db.session.commit()
    following = say("dos")

    drain_now(open_dana)

    assert (refused.status, refused.error_code) == ("failed", 132001)
    assert following.status == "sent"
    assert open_dana.unread_count == 1


@pytest.mark.parametrize("fault", [{"code": 130429}, {"code": 131000}, {"code": 2}])
def test_not_now_is_tried_again_later_and_keeps_its_place(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain, fault: dict[str, int]
) -> None:
    first, second = say("uno"), say("dos")
    whatsapp.faults.next("error", **fault)

    drain_now(open_dana)
    assert (first.status, second.status, whatsapp.sent) == ("queued", "queued", [])

    _let_time_pass(open_dana)
    drain_now(open_dana)

    assert [sent["text"] for sent in whatsapp.sent] == ["uno", "dos"]
    assert (first.attempt, second.attempt) == (2, 1)


def test_a_bot_message_of_an_older_epoch_is_cancelled_at_the_claim(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    bots = say("Soy el bot", author="bot", epoch=0)
    open_dana.owner_epoch = 1
    db.session.commit()

    drain_now(open_dana)

    assert bots.status == "cancelled"
    assert whatsapp.sent == []


def test_what_is_cancelled_at_the_claim_is_no_longer_shown_as_the_last_word(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    incoming = store_message(open_dana, "¿Hola?")
    say("Soy el bot", author="bot", epoch=0)
    open_dana.owner_epoch = 1
    db.session.commit()

    drain_now(open_dana)

    assert (open_dana.last_message_preview, open_dana.last_direction) == ("¿Hola?", "incoming")
    assert open_dana.last_message_at == incoming.timestamp


def test_a_message_whose_window_closed_while_it_waited_fails_with_the_code(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    message = say("Hola")
    open_dana.last_inbound_at = clock.now() - timedelta(hours=25)
    db.session.commit()

    drain_now(open_dana)

    assert (message.status, message.error_code) == ("failed", 131047)
    assert whatsapp.sent == []


def test_a_campaign_waits_behind_talk_and_spares_who_opted_out(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    campaign = say("Oferta", author="campaign")
    say("Respuesta")
    drain_now(open_dana)
    assert [sent["text"] for sent in whatsapp.sent] == ["Respuesta", "Oferta"]

    again = say("Oferta dos", author="campaign")
    open_dana.lead.opted_out_at = clock.now()
    db.session.commit()
    drain_now(open_dana)

    assert (campaign.status, again.status) == ("sent", "cancelled")


def test_the_pair_limit_makes_one_person_wait(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    open_dana.pair_tokens, open_dana.pair_at = 1.5, clock.now()
    first, second = say("uno"), say("dos")

    drain_now(open_dana)

    assert (first.status, second.status) == ("sent", "queued")
    assert open_dana.talk_due_at and open_dana.talk_due_at > clock.now() + timedelta(seconds=2)


def test_a_refused_token_pauses_the_channel_and_a_look_up_resumes_it(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain, pace: Pace
) -> None:
    message = say("Hola")
    wrong = WhatsAppClient(whatsapp.url, "v25.0", "wrong", pace.phone_number_id)

    drain_now(open_dana, wrong)

    channel = db.session.scalars(select(Channel)).one()
    assert (message.status, channel.paused_code) == ("queued", 190)
    assert pace.reserve(open_dana.id) is None
    channels.resume(channel.id)
    assert pace.reserve(open_dana.id) is not None


# After a day of tries a person decides; but a stopped channel keeps its message however long.
@pytest.mark.parametrize(("code", "status"), [(131016, "failed"), (131031, "queued")])
def test_what_was_tried_for_a_day_waits_only_for_a_stopped_channel(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain, code: int, status: str
) -> None:
    message = say("Hola")
    message.first_attempt_at = clock.now() - timedelta(hours=30)
    db.session.commit()
    whatsapp.faults.next("error", code=code)

    drain_now(open_dana)

    assert message.status == status


def test_a_crowded_second_is_reported_and_nothing_is_claimed(
    app: Flask, whatsapp_client: WhatsAppClient, open_dana: Conversation, say: Say
) -> None:
    message = say("Hola")
    slow = Pace(whatsapp_client.phone_number_id, 0.5)
    slow.reserve(open_dana.id)

    with app.app_context():
        drained = drain(open_dana.id, whatsapp_client, slow)

    db.session.expire_all()
    assert (drained.calls, drained.is_crowded, message.status) == (0, True, "queued")


def test_a_status_that_came_before_the_answer_of_the_call_is_joined(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    message = say("Hola")
    _keep_receipt(open_dana, "wamid.EARLY", message.send_key)
    _keep_receipt(open_dana, "wamid.OTHER", uuid4())
    whatsapp.faults.next("cut")

    drain_now(open_dana)

    assert (message.status, message.message_id) == ("delivered", "wamid.EARLY")
    assert db.session.scalars(select(OrphanReceipt.wamid)).all() == ["wamid.OTHER"]


def test_what_was_held_stays_and_what_is_queued_later_goes(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    old = say("viejo")
    hold.hold("a test")
    db.session.commit()
    new = say("nuevo")

    drain_now(open_dana)
    assert (old.status, new.status) == ("queued", "sent")

    assert hold.release() == 1
    db.session.commit()
    drain_now(open_dana)
    assert old.status == "sent"


def test_held_messages_can_be_cancelled(open_dana: Conversation, say: Say) -> None:
    old = say("viejo")
    hold.hold("a test")
    db.session.commit()

    assert hold.cancel_held() == 1

    db.session.refresh(old)
    assert (old.status, hold.held()) == ("cancelled", None)


def test_a_message_of_another_number_is_not_sent_from_this_one(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say
) -> None:
    message = say("Hola")

    assert Pace("299999999999999", 1000).reserve(open_dana.id) is None

    assert (message.status, whatsapp.sent) == ("queued", [])


@pytest.mark.parametrize("answer", ["cut", "garbage", "no_wamid"])
def test_an_unclear_answer_makes_the_fate_unknown_and_nothing_is_repeated(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain, answer: str
) -> None:
    message, following = say("uno"), say("dos")
    whatsapp.faults.next(answer)

    for _ in range(3):
        drain_now(open_dana)

    assert (message.status, following.status) == ("unknown", "sent")
    assert [sent["text"] for sent in whatsapp.sent] == ["uno", "dos"]


def test_leaving_the_sandbox_cancels_what_it_had_queued_and_shows_it(
    open_dana: Conversation, say: Say
) -> None:
    message = say("Hola")
    version = open_dana.version

    assert channels.leave_sandbox() == 1

    db.session.expire_all()
    assert (message.status, open_dana.talk_due_at) == ("cancelled", None)
    assert open_dana.version > version


@pytest.mark.committed
def test_many_workers_at_once_send_each_message_once_and_in_order(
    app: Flask,
    whatsapp: SandboxServer,
    whatsapp_client: WhatsAppClient,
    pace: Pace,
    open_dana: Conversation,
    say: Say,
) -> None:
    words = [f"mensaje {number}" for number in range(12)]
    for word in words:
        say(word)
    conversation_id = open_dana.id

    def work() -> None:
        with app.app_context():
            for _ in range(3):
                drain(conversation_id, whatsapp_client, Pace(pace.phone_number_id, 1000))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    drain(conversation_id, whatsapp_client, pace)

    assert [sent["text"] for sent in whatsapp.sent] == words


def _keep_receipt(conversation: Conversation, wamid: str, send_key: UUID | None) -> None:
    db.session.add(
        OrphanReceipt(channel_id=conversation.channel_id, wamid=wamid, send_key=send_key, status="delivered")
    )
    db.session.commit()


def _hold_lease(conversation: Conversation, wait: str) -> None:
    db.session.execute(
        text(
            "UPDATE conversations SET lease_token = :token, talk_due_at = clock_timestamp() - interval '1 s',"
            " lease_until = clock_timestamp() + CAST(:wait AS interval) WHERE id = :id"
        ),
        {"token": uuid4(), "wait": wait, "id": conversation.id},
    )
    db.session.commit()


def _let_time_pass(conversation: Conversation) -> None:
    db.session.execute(text("UPDATE messages SET next_attempt_at = NULL WHERE status = 'queued'"))
    db.session.execute(
        text("UPDATE conversations SET talk_due_at = clock_timestamp() - interval '1 s' WHERE id = :id"),
        {"id": conversation.id},
    )
    db.session.execute(text("UPDATE channels SET hold_until = NULL"))
    db.session.commit()
