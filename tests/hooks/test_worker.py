"""A worker finds what is due without any bell, and forgets what is old."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from kiaai.extensions import db
from kiaai.hooks.housekeeping import HOUSEKEEPING, forget_leads
from kiaai.hooks.reasons import reason_of
from kiaai.hooks.telling import LOOK, Teller
from kiaai.hooks.webhooks import set_active
from kiaai.models import Channel, OutgoingDelivery, OutgoingWebhook
from kiaai.worker.sweep import Sweep
from tests.hooks.conftest import queue, told
from tests.worker.test_sweep import Baskets


@pytest.fixture
def swept(app: Flask, channel: Channel) -> list[int]:
    baskets: Any = Baskets()
    Sweep(app, baskets, app.extensions["whatsapp"], threading.Event()).once()
    found: list[int] = baskets.hooks.ids
    return found


def look() -> list[int]:
    found = Teller(True, lambda: False).work(LOOK)
    return [id for id, _ in found]


def keep_house() -> None:
    for statement in HOUSEKEEPING:
        db.session.execute(text(statement))
    db.session.commit()


def test_nobody_looks_while_nobody_listens(swept: list[int]) -> None:
    assert (swept, look()) == ([], [])


def test_the_sweep_lets_the_pool_look(webhook: OutgoingWebhook, swept: list[int]) -> None:
    assert swept == [LOOK]


def test_a_look_finds_what_is_due_and_comes_again(webhook: OutgoingWebhook) -> None:
    webhook_id = webhook.id
    queue(webhook, 2)

    track, again = look()
    set_active(webhook_id, False)
    db.session.commit()

    assert (track // 3, again, look()) == (webhook_id, LOOK, [])


def test_what_a_dead_worker_had_is_due_again(webhook: OutgoingWebhook) -> None:
    queue(webhook)
    db.session.execute(
        text("UPDATE outgoing_deliveries SET next_try_at = clock_timestamp() + interval '9 s'")
    )
    db.session.commit()
    assert look() == [LOOK]

    db.session.execute(text("UPDATE outgoing_deliveries SET next_try_at = clock_timestamp()"))
    db.session.commit()

    assert len(look()) == 2


def test_old_deliveries_are_forgotten(webhook: OutgoingWebhook) -> None:
    kept = {("delivered", 6), ("failed", 29), ("due", 0)}
    for state, days in {*kept, ("delivered", 8), ("failed", 31)}:
        row = OutgoingDelivery(webhook_id=webhook.id, event=f"{state} {days}", state=state)
        db.session.add(row)
        db.session.flush()
        settled = "NULL" if state == "due" else f"clock_timestamp() - interval '{days} days'"
        db.session.execute(text(f"UPDATE outgoing_deliveries SET settled_at = {settled} WHERE id = {row.id}"))
    db.session.add(OutgoingDelivery(webhook_id=webhook.id + 1, event="of nobody"))
    db.session.commit()

    keep_house()

    assert {row.event for row in told()} == {f"{state} {days}" for state, days in kept}


def test_what_waits_for_a_receiver_that_was_away_for_a_day_is_given_up(webhook: OutgoingWebhook) -> None:
    webhook_id = webhook.id
    over, fresh = queue(webhook, 2)
    db.session.execute(text(f"UPDATE outgoing_deliveries SET give_up_at = created_at WHERE id = {over}"))

    states = []
    for hours in (23, 25):
        failing_since = f"clock_timestamp() - interval '{hours} hours'"
        db.session.execute(text(f"UPDATE outgoing_webhooks SET failing_since = {failing_since}"))
        for is_active in (False, True):
            set_active(webhook_id, is_active)
            keep_house()
            states.append([row.state for row in told()])

    assert states == [["due", "due"]] * 3 + [["failed", "due"]]
    row = db.session.get_one(OutgoingDelivery, over)
    assert str(reason_of(row.error, row.status)).startswith("It was not tried")
    assert db.session.get_one(OutgoingDelivery, fresh).next_try_at is not None


def test_who_is_forgotten_is_in_no_delivery(webhook: OutgoingWebhook) -> None:
    for lead_id in (5, 6):
        db.session.add(OutgoingDelivery(webhook_id=webhook.id, lead_id=lead_id, event="lead.changed"))
    db.session.commit()

    forget_leads([5])
    db.session.commit()

    assert [row.lead_id for row in told()] == [6]
