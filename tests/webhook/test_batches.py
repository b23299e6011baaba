"""Large bodies: taken whole and in time, with something in them that the database refuses."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Lead, LeadEvent, Message, WebhookEvent
from kiaai.webhook import intake
from kiaai.webhook.replay import replay
from kiaai.webhook.statements import LOCK_CONVERSATIONS
from tests.conftest import Signed
from tests.statistics import believe, keep_autovacuum_out
from tests.webhook.test_views import body, count, text


@pytest.mark.committed
@pytest.mark.parametrize("customers", [5, 1000])
def test_a_thousand_messages_with_poison_are_all_taken_but_it(
    app: Flask,
    client: FlaskClient,
    channel: Channel,
    signed: Signed,
    customers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a busy machine too: `make bench` measures how long it takes.
    monkeypatch.setattr(intake, "SEARCH_SECONDS", 30.0)
    monkeypatch.setattr(intake, "PATIENCE_SECONDS", 30.0)
    items = [text(f"wamid.{n}", sender=f"5690000{n % customers:04}") for n in range(1000)]
    items[300] = text("wamid.300", "veneno")
    items[301] = text("wamid.301", "veneno", sender="56900009999")
    db.session.execute(db.text("ALTER TABLE messages ADD CONSTRAINT poison CHECK (text <> 'veneno')"))
    db.session.commit()

    try:
        answer = client.post("/webhook", **signed(body(*items)))
    finally:
        db.session.execute(db.text("ALTER TABLE messages DROP CONSTRAINT poison"))
        db.session.commit()

    assert answer.status_code == 200
    assert count(Message) == 998
    assert count(LeadEvent) == len({item["from"] for item in items if item["text"]["body"] != "veneno"})
    event = db.session.scalars(select(WebhookEvent)).one()
    assert event.outcome == "failed" and "2 item" in (event.error or "")


@pytest.mark.committed
def test_a_thousand_newcomers_come_in_though_the_planner_thinks_the_tables_empty(
    app: Flask, client: FlaskClient, channel: Channel, signed: Signed
) -> None:
    """As it is after a body was rolled back and autovacuum came by; a wrong plan takes minutes here."""
    believe(0, 40, "leads", "lead_identities", "conversations", "messages", "attachments")
    db.session.commit()
    db.engines["webhook"].dispose()  # plans are made once per connection
    news = [text(f"wamid.{n}", sender=f"5690000{n:04}") for n in range(1000)]
    again = [text(f"wamid.again.{n}", sender=f"5690000{n:04}") for n in range(1000)]

    answers = [client.post("/webhook", **signed(body(*items))).status_code for items in (news, again)]

    assert (answers, count(Message), count(Lead)) == ([200, 200], 2000, 1000)


def test_messages_are_looked_up_by_key_though_the_planner_thinks_there_are_none(dana: Conversation) -> None:
    """As it is when many come in after all were deleted: the locks of each body walked a whole index."""
    keep_autovacuum_out("messages")
    db.session.execute(
        db.text(
            "INSERT INTO messages (conversation_id, message_id)"
            " SELECT :id, 'wamid.' || n FROM generate_series(1, 5000) n"
        ),
        {"id": dana.id},
    )
    believe(0, 40, "messages")
    db.session.execute(db.text("SET LOCAL enable_seqscan = off"))  # as the webhook's own connections have it

    values = {"identities": "[]", "known": ["wamid.7", "wamid.8"], "send_keys": []}
    plan = "\n".join(db.session.scalars(db.text(f"EXPLAIN {LOCK_CONVERSATIONS}"), values))

    assert "uq_messages_message_id" in plan
    assert "Filter: (message_id" not in plan


@pytest.mark.committed
def test_a_body_with_more_poison_than_there_is_time_for_is_kept_and_applied_again(
    app: Flask, client: FlaskClient, channel: Channel, signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SEARCH_SECONDS", 0.0)
    items = [text(f"wamid.{n}", "veneno" if n % 2 else "hola", sender=f"5690000{n:04}") for n in range(40)]
    db.session.execute(db.text("ALTER TABLE messages ADD CONSTRAINT poison CHECK (text <> 'veneno')"))
    db.session.commit()

    try:
        answer = client.post("/webhook", **signed(body(*items)))
        event = db.session.scalars(select(WebhookEvent)).one()
        assert (answer.status_code, event.outcome) == (200, "failed")
        assert "not tried yet" in (event.error or "") and event.replay_at is not None

        assert replay(event.id).outcome == "failed"
    finally:
        db.session.execute(db.text("ALTER TABLE messages DROP CONSTRAINT poison"))
        db.session.commit()

    assert count(Message) == 20
    assert db.session.scalars(select(WebhookEvent.replay_at)).one() is None
    assert "not tried yet" not in (event.error or "")
