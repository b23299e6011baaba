"""Merges while others are at work, on connections of their own: nothing is lost, doubled or misdirected."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from kiaai import clock
from kiaai.delivery.claiming import Claim, claim_head
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.outcomes import Sent
from kiaai.delivery.settling import settle
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.merging import merge, undo
from kiaai.leads.pipeline import Actor
from kiaai.models import Channel, Conversation, Lead, LeadIdentity, Merge, Message
from kiaai.transactions import commit
from tests.conftest import Signed, make_conversation
from tests.webhook.test_views import body
from tests.webhook.test_views import text as message

pytestmark = pytest.mark.committed
SYSTEM = Actor("system")
FIRST, SECOND = "56900000001", "56900000002"


@pytest.fixture
def second(channel: Channel) -> Conversation:
    return make_conversation(channel, SECOND, "D. Díaz")


def posted(app: Flask, signed: Signed, wamid: str, sender: str, **more: Any) -> int:
    """Post a body as Meta does: again while it is told to come again."""
    now = int(clock.now().timestamp())
    for _ in range(30):
        item = message(wamid, sender=sender, at=now) | more
        status_code = app.test_client().post("/webhook", **signed(body(item))).status_code
        if status_code != 503:
            break
    return status_code


def united(app: Flask, keep_id: int, other_id: int) -> int | None:
    """Merge on a connection of its own; None when it was refused."""
    with app.app_context():
        try:
            return commit(lambda: _merge(keep_id, other_id))
        except ValidationFailed:
            db.session.rollback()
            return None


def _merge(keep_id: int, other_id: int) -> int:
    keep, other = db.session.get(Lead, keep_id), db.session.get(Lead, other_id)
    if keep is None or other is None:
        raise ValidationFailed("gone")
    return merge(keep, other, SYSTEM).id


def parted(app: Flask, merge_id: int) -> bool:
    with app.app_context():
        try:
            commit(lambda: undo(db.session.get_one(Merge, merge_id), SYSTEM))
        except ValidationFailed:
            db.session.rollback()
            return False
        return True


def until_somebody_waits() -> None:
    """Return as soon as another connection waits for a lock."""
    engine, deadline = db.engine, time.monotonic() + 10
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            waiting = connection.scalar(
                text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            )
        if waiting:
            return
    raise AssertionError("nobody waits")


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    start = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        start.wait(timeout=10)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [one.result(60) for one in [pool.submit(run, deed) for deed in deeds]]


@pytest.mark.parametrize("sender", [FIRST, SECOND])
def test_a_message_that_comes_during_a_merge_lands_in_the_kept_conversation(
    app: Flask, dana: Conversation, second: Conversation, signed: Signed, sender: str
) -> None:
    dana_id = dana.id
    merge(dana.lead, second.lead, SYSTEM)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(posted, app, signed, "wamid.1", sender)
        # It has looked up who wrote, and waits for the merge to end.
        until_somebody_waits()
        db.session.commit()

        assert answer.result(20) == 200
    stored = db.session.scalars(select(Message)).one()
    assert (stored.conversation_id, stored.party) == (dana_id, sender)
    assert db.session.get_one(Conversation, dana_id).answers_to == sender


def test_a_merge_waits_for_a_message_that_is_being_stored_and_takes_it_along(
    app: Flask, dana: Conversation, second: Conversation
) -> None:
    ids = (dana.lead_id, second.lead_id)
    dana_id, second_id = dana.id, second.id
    # As the webhook does: lead, conversation, message, commit.
    connection = db.engine.connect()
    connection.execute(text("SELECT 1 FROM leads WHERE id = :id FOR NO KEY UPDATE"), {"id": ids[1]})
    connection.execute(
        text("SELECT 1 FROM conversations WHERE id = :id FOR NO KEY UPDATE"), {"id": second_id}
    )
    db.session.commit()

    with ThreadPoolExecutor(1) as pool:
        merged = pool.submit(united, app, *ids)
        until_somebody_waits()
        connection.execute(
            text("INSERT INTO messages (conversation_id, text) VALUES (:id, 'Hola')"), {"id": second_id}
        )
        connection.commit()
        connection.close()

        assert merged.result(20)
    assert db.session.scalars(select(Message.conversation_id)).all() == [dana_id]


def test_a_new_id_of_somebody_who_is_being_merged_is_not_lost(
    app: Flask, dana: Conversation, second: Conversation, signed: Signed
) -> None:
    dana_id, lead_id = dana.id, dana.lead_id
    merge(dana.lead, second.lead, SYSTEM)

    with ThreadPoolExecutor(1) as pool:
        bsuid = {"from_user_id": "CL.10000000000000000001"}
        answer = pool.submit(lambda: posted(app, signed, "wamid.1", SECOND, **bsuid))
        until_somebody_waits()
        db.session.commit()

        assert answer.result(20) == 200
    assert db.session.scalars(select(Message.conversation_id)).all() == [dana_id]
    assert set(db.session.scalars(select(LeadIdentity.lead_id))) == {lead_id}


def test_of_two_merges_of_the_same_people_one_wins(
    app: Flask, dana: Conversation, second: Conversation
) -> None:
    ids = (dana.lead_id, second.lead_id)
    db.session.commit()

    done = at_once(lambda: united(app, *ids), lambda: united(app, *ids[::-1]), lambda: united(app, *ids))

    assert len([merge_id for merge_id in done if merge_id]) == 1
    assert db.session.scalar(select(func.count()).select_from(Lead)) == 1
    assert db.session.scalar(select(func.count()).select_from(Merge)) == 1


def test_a_message_on_its_way_is_neither_lost_nor_doubled(
    app: Flask, dana: Conversation, second: Conversation
) -> None:
    ids = (dana.lead_id, second.lead_id)
    second.last_inbound_at = clock.now()
    db.session.commit()
    queue_message(second, Sender("user"), text="On its way")
    db.session.commit()
    claim = claim_head(second.id, uuid4())
    assert claim is not None
    db.session.commit()

    refused = united(app, *ids)
    settle(claim, Sent("wamid.sent"))
    db.session.execute(text("UPDATE conversations SET lease_token = NULL, lease_until = NULL"))
    db.session.commit()
    merged = united(app, *ids)

    assert (refused, bool(merged)) == (None, True)
    sent = db.session.scalars(select(Message)).one()
    assert (sent.status, sent.message_id, sent.conversation_id) == ("sent", "wamid.sent", dana.id)


def test_a_sender_that_waits_for_the_merge_finds_nothing_left_to_send_twice(
    app: Flask, dana: Conversation, second: Conversation
) -> None:
    dana.last_inbound_at = second.last_inbound_at = clock.now()
    db.session.commit()
    queue_message(second, Sender("user"), text="Waits")
    db.session.commit()
    dana_id, second_id = dana.id, second.id
    merge(dana.lead, second.lead, SYSTEM)

    def claimed(conversation_id: int) -> Claim | None:
        with app.app_context():
            return commit(lambda: claim_head(conversation_id, UUID(int=conversation_id)))

    with ThreadPoolExecutor(1) as pool:
        claim = pool.submit(claimed, second_id)
        until_somebody_waits()
        db.session.commit()

        assert claim.result(20) is None
    found = claimed(dana_id)
    assert found is not None
    assert (found.text, found.to) == ("Waits", SECOND)
    db.session.rollback()
    assert claim_head(dana_id, uuid4()) is None


def test_a_storm_of_messages_answers_merges_and_undos_keeps_everything(
    app: Flask, channel: Channel, dana: Conversation, second: Conversation, signed: Signed
) -> None:
    talks = {FIRST: (dana.lead_id, dana.id), SECOND: (second.lead_id, second.id)}
    for talk in (dana, second):
        talk.last_inbound_at = clock.now() - timedelta(hours=1)
    db.session.commit()
    sent: list[tuple[int, str]] = []
    answers: list[int] = []

    def customer(number: str) -> None:
        answers.extend(posted(app, signed, f"wamid.{number}.{n}", number) for n in range(12))

    def team(number: str) -> None:
        """Answer whoever the conversation is with by now, and send at once as a worker does."""
        chance = Random(number)
        for _ in range(12):
            with app.app_context():
                if chance.random() < 0.7:
                    commit(lambda: _answer(talks[number][1]))
                claim = commit(lambda: claim_head(talks[number][1], uuid4()))
                if claim:
                    sent.append((claim.message_id, claim.to))
                    commit(lambda claim=claim: _settle(claim))  # type: ignore[misc]  # bound at once

    def merger() -> None:
        for _ in range(8):
            merge_id = united(app, talks[FIRST][0], talks[SECOND][0])
            for _ in range(50):
                if merge_id is None or parted(app, merge_id):
                    break

    at_once(
        lambda: customer(FIRST), lambda: customer(SECOND), lambda: team(FIRST), lambda: team(SECOND), merger
    )

    assert answers == [200] * 24
    wamids = list(db.session.scalars(select(Message.message_id).where(Message.direction == "incoming")))
    assert sorted(map(str, wamids)) == sorted(f"wamid.{number}.{n}" for number in talks for n in range(12))
    assert len(sent) == len({message_id for message_id, _ in sent})
    # Whoever stands alone again has all that they wrote, and only that.
    assert db.session.scalar(select(func.count()).select_from(Lead)) == 2
    for number, (_, talk_id) in talks.items():
        theirs = select(Message.message_id).where(
            Message.conversation_id == talk_id, Message.direction == "incoming"
        )
        assert all(number in (wamid or "") for wamid in db.session.scalars(theirs))
    for message_id, to in sent:
        row = db.session.get_one(Message, message_id)
        assert row.text == to


def _answer(conversation_id: int) -> None:
    talk = db.session.get(Conversation, conversation_id, with_for_update=True)
    if talk is not None:
        number = talk.answers_to or talk.lead.phone_number
        queue_message(talk, Sender("user"), text=number)


def _settle(claim: Claim) -> None:
    settle(claim, Sent(f"wamid.out.{claim.message_id}"))
    db.session.execute(
        text("UPDATE conversations SET lease_token = NULL, lease_until = NULL WHERE id = :id"),
        {"id": claim.conversation_id},
    )
