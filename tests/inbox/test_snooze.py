"""Put aside until a moment in the business's zone, and back by hand, by time or by the customer."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import snoozing
from kiaai.models import Channel, Conversation, LeadEvent
from kiaai.worker.sweep import Sweep
from tests.conftest import Signed, make_conversation
from tests.inbox.conftest import HTMX, Say
from tests.inbox.test_deeds import deed, events
from tests.webhook.test_views import body
from tests.webhook.test_views import text as message
from tests.worker.test_sweep import baskets, sweep

__all__ = ["baskets", "sweep"]

SANTIAGO = ZoneInfo("America/Santiago")
# A Thursday at noon in Santiago.
NOON = datetime(2026, 11, 26, 12, 0, tzinfo=SANTIAGO).astimezone(UTC)


@pytest.mark.parametrize(
    ("choice", "local"),
    [
        ("later", "2026-11-26 15:00"),
        ("tomorrow", "2026-11-27 09:00"),
        ("monday", "2026-11-30 09:00"),
        ("2026-12-24T18:30", "2026-12-24 18:30"),
    ],
)
def test_each_choice_is_a_moment_in_the_zone_of_the_business(choice: str, local: str) -> None:
    until = snoozing.moment(choice, NOON, SANTIAGO)

    assert until.astimezone(SANTIAGO).strftime("%Y-%m-%d %H:%M") == local


def test_monday_on_a_monday_is_the_next_one() -> None:
    monday = NOON + timedelta(days=4)

    assert snoozing.moment("monday", monday, SANTIAGO) == datetime(2026, 12, 7, 9, tzinfo=SANTIAGO)


@pytest.mark.parametrize(
    ("days", "offered"), [(0, ["later", "tomorrow", "monday"]), (3, ["later", "tomorrow"])]
)
def test_on_a_sunday_the_menu_offers_tomorrow_alone(days: int, offered: list[str]) -> None:
    assert snoozing.choices(NOON + timedelta(days=days), SANTIAGO) == offered


@pytest.mark.parametrize(
    "choice", ["", "soon", "2026-11-26T11:59", "2029-01-01T09:00", "2026-13-01T09:00", "9" * 40]
)
def test_a_moment_that_is_none_or_has_passed_is_refused_with_a_reason(choice: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        snoozing.moment(choice, NOON, SANTIAGO)

    assert refusal.value.fields["until"][0].endswith((".", "time."))


def test_it_is_put_aside_once_and_brought_back_by_hand(signed_in: FlaskClient, dana: Conversation) -> None:
    put_aside = [deed(signed_in, "put", dana, "snooze", until="tomorrow") for _ in range(2)]
    state, until = dana.state, dana.snoozed_until
    back = [deed(signed_in, "delete", dana, "snooze") for _ in range(2)]

    assert [answer.status_code for answer in (*put_aside, *back)] == [200] * 4
    assert state == "snoozed" and until is not None and until.astimezone(SANTIAGO).hour == 9
    assert (dana.state, dana.snoozed_until) == ("open", None)
    assert (events(dana, "snoozed"), events(dana, "woken")) == (1, 1)
    assert 'id="wake"' in put_aside[0].text and "You put the conversation aside" in put_aside[0].text


def test_a_wrong_moment_changes_nothing(signed_in: FlaskClient, dana: Conversation) -> None:
    answer = deed(signed_in, "put", dana, "snooze", until="2020-01-01T09:00")

    assert (answer.status_code, dana.state) == (422, "open")
    assert "has passed" in answer.text


def put_aside(conversation: Conversation, **ago: float) -> None:
    conversation.state = "snoozed"
    conversation.snoozed_until = datetime.now(UTC) - timedelta(**ago)
    db.session.commit()


def test_the_sweep_brings_back_whose_time_has_come_and_nobody_else(
    sweep: Sweep, signed_in: FlaskClient, channel: Channel, dana: Conversation, say: Say
) -> None:
    other = make_conversation(channel, "56900020001", "Otra")
    say(dana).timestamp -= timedelta(hours=1)
    dana.last_message_at -= timedelta(hours=1)
    put_aside(dana, seconds=1)
    put_aside(other, hours=-1)
    version = dana.version

    sweep.once()
    sweep.once()

    db.session.expire_all()
    assert (dana.state, dana.version, other.state) == ("open", version + 1, "snoozed")
    assert events(dana, "woken") == 1
    shown = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text
    assert "Back from snooze" in shown and "The conversation came back" in shown


def test_the_mark_goes_once_somebody_writes(
    signed_in: FlaskClient, dana: Conversation, say: Say, sweep: Sweep
) -> None:
    put_aside(dana, seconds=1)
    sweep.once()
    db.session.expire_all()
    say(dana, "Hola", direction="outgoing")

    assert "Back from snooze" not in signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text


@pytest.mark.committed
def test_a_second_sweep_neither_waits_for_the_first_nor_wakes_the_same(app: Flask, channel: Channel) -> None:
    for number in range(2):
        put_aside(make_conversation(channel, f"5690003{number:04d}", f"N{number}"), minutes=1)
    first_id = db.session.scalars(select(Conversation.id).order_by(Conversation.id)).first()
    db.session.rollback()

    with db.engine.connect() as first:
        first.execute(text("SELECT FROM conversations WHERE id = :id FOR NO KEY UPDATE"), {"id": first_id})
        db.session.execute(text("SET LOCAL lock_timeout = '2s'"))
        beside = snoozing.wake_due()
        db.session.commit()
        first.execute(snoozing._WAKE)
        first.commit()

    told = db.session.scalars(select(LeadEvent.conversation_id).where(LeadEvent.kind == "woken")).all()
    db.session.rollback()
    assert (beside, len(told), len(set(told))) == (1, 2, 2)


def test_a_message_wakes_at_once(
    client: FlaskClient, signed: Signed, channel: Channel, dana: Conversation
) -> None:
    put_aside(dana, hours=-5)

    client.post("/webhook", **signed(body(message("wamid.wake", sender=str(dana.lead.phone_number)))))

    db.session.expire_all()
    assert (dana.state, dana.snoozed_until, dana.unread_count) == ("open", None, 1)


def test_waking_reads_its_own_index_alone(dana: Conversation) -> None:
    db.session.execute(text("SET LOCAL enable_seqscan = off"))

    plan = "\n".join(db.session.scalars(text(f"EXPLAIN {snoozing._WAKE.text}")))

    assert "ix_conversations_snoozed" in plan


def test_undoing_the_close_of_a_snoozed_conversation_snoozes_it_again(
    signed_in: FlaskClient, dana: Conversation
) -> None:
    until = datetime.now(UTC) + timedelta(hours=5)
    dana.state, dana.snoozed_until = "snoozed", until
    db.session.commit()

    closed = deed(signed_in, "post", dana, "closure")
    for _ in range(2):
        deed(signed_in, "delete", dana, "closure", slept_until=until.isoformat())

    assert f'name="slept_until" hidden>\n{until.isoformat()}' in closed.text
    assert (dana.state, dana.snoozed_until) == ("snoozed", until)


@pytest.mark.parametrize(("state", "until"), [("open", "2099-01-01T00:00Z"), ("closed", "2020-01-01T00:00Z")])
def test_it_sleeps_no_more_when_somebody_wrote_or_the_time_has_come(
    signed_in: FlaskClient, dana: Conversation, monkeypatch: pytest.MonkeyPatch, state: str, until: str
) -> None:
    dana.state = state
    db.session.commit()
    monkeypatch.setattr(snoozing, "LONGEST", timedelta(days=40_000))

    deed(signed_in, "delete", dana, "closure", slept_until=until)

    assert dana.state == "open"
