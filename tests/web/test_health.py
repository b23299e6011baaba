"""`/healthz` and `/readyz`: what is up, quickly, whatever is down."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from kiaai import clock, create_app
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Installation, OrphanReceipt, Process, WebhookEvent
from kiaai.web import health
from kiaai.web.health import Probe


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port where a connection is taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(params=["refused", pytest.param("silent", marks=pytest.mark.faults)])
def cut_off(request: pytest.FixtureRequest, settings: Settings, silent_port: int) -> FlaskClient:
    """Give a client of an app whose database is away."""
    port = silent_port if request.param == "silent" else 1
    app = create_app(replace(settings, database_url=f"postgresql+psycopg2://a:b@127.0.0.1:{port}/none"))
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def test_ready_tells_how_things_are(client: FlaskClient, dana: Conversation) -> None:
    dana.talk_due_at = clock.now() - timedelta(seconds=90)
    db.session.add(Process(name="worker-1"))
    db.session.add(OrphanReceipt(channel_id=dana.channel_id, wamid="wamid.KIA9"))
    db.session.add_all([WebhookEvent(outcome="failed"), WebhookEvent(outcome="unroutable"), WebhookEvent()])
    db.session.commit()

    answer = client.get("/readyz")

    state = answer.json
    assert answer.status_code == 200 and state is not None
    assert (state["status"], state["database"], state["broker"]) == ("ok", "up", "down")
    assert (state["orphan_receipts"], state["failed_webhooks"]) == (1, 2)
    assert 89 < state["oldest_due_seconds"] < 200
    assert state["worker_seen_at"].endswith("Z")


def test_ready_is_fine_with_nothing_to_do(client: FlaskClient, app: Flask) -> None:
    state = client.get("/readyz").json

    assert state is not None
    assert (state["oldest_due_seconds"], state["worker_seen_at"]) == (0, None)
    assert (state["held"], state["paused"]) == (None, None)


def test_a_pause_and_a_hold_are_told(client: FlaskClient, channel: Channel) -> None:
    channel.paused_at, channel.paused_code, channel.paused_reason = clock.now(), 190, "Raw words"
    other = Channel(phone_number_id="200000000000009", paused_at=clock.now())
    db.session.add_all([other, Installation(held_at=clock.now(), held_reason="The database was restored.")])
    db.session.commit()

    answer = client.get("/readyz")

    state = answer.json or {}
    assert answer.status_code == 200
    assert state["paused"] == "The token has expired"
    assert state["held"] == "The database was restored."


def test_work_of_a_paused_channel_is_not_late(client: FlaskClient, dana: Conversation) -> None:
    dana.talk_due_at = clock.now() - timedelta(hours=1)
    dana.channel.paused_at = clock.now()
    db.session.commit()

    assert (client.get("/readyz").json or {})["oldest_due_seconds"] == 0


def test_a_broker_that_listens_is_up(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "BROKER_SECONDS", 5)
    with socket.create_server(("127.0.0.1", 0)) as broker:
        url = f"amqp://guest:guest@127.0.0.1:{broker.getsockname()[1]}//"
        monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], broker_url=url))

        assert (client.get("/readyz").json or {})["broker"] == "up"


def test_alive_asks_nobody(cut_off: FlaskClient) -> None:
    assert cut_off.get("/healthz").json == {"status": "ok"}


def test_not_ready_without_a_database_and_says_so_within_a_second(cut_off: FlaskClient) -> None:
    start = time.monotonic()
    answer = cut_off.get("/readyz")

    assert time.monotonic() - start < 5
    assert answer.status_code == 503 and answer.json is not None
    assert answer.json["error"]["code"] == "unavailable"


@pytest.mark.parametrize("path", ["/api/conversations", "/login", "/leads"])
def test_a_page_without_a_database_is_503_within_three_seconds(cut_off: FlaskClient, path: str) -> None:
    start = time.monotonic()
    answer = cut_off.get(path, headers={"Authorization": "Bearer kia_x"})

    assert time.monotonic() - start < 8
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    if path == "/login":
        assert "database does not answer" in answer.get_data(as_text=True)
    else:
        assert answer.json is not None and answer.json["error"]["code"] == "unavailable"


def test_somebody_signed_in_reads_that_the_database_is_away(cut_off: FlaskClient) -> None:
    cut_off.application.config["WTF_CSRF_ENABLED"] = True
    with cut_off.session_transaction() as session:
        session["_user_id"] = "somebody"

    page, form = cut_off.get("/"), cut_off.post("/settings/keys")

    assert (page.status_code, form.status_code) == (503, 503)
    assert "database does not answer" in page.get_data(as_text=True)
    assert cut_off.get("/nope").status_code == 404


def test_a_look_up_that_hangs_is_not_asked_for_again() -> None:
    probe, let_go, asked = Probe("test"), threading.Event(), []

    def hang(number: int) -> int:
        asked.append(number)
        let_go.wait(5)
        return number

    answers = [probe.ask(hang, number) for number in range(50)]
    let_go.set()

    assert {answer.result(5) for answer in answers} == {0}
    assert probe.ask(hang, 51).result(5) == 51
    assert asked == [0, 51]


@pytest.mark.committed
def test_a_database_that_is_slow_does_not_hold_up_the_answer(client: FlaskClient, app: Flask) -> None:
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context():
            db.session.execute(text("LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE"))
            locked.set()
            done.wait(5)
            db.session.rollback()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(5)
    try:
        start = time.monotonic()
        status = client.get("/readyz").status_code
        took = time.monotonic() - start
    finally:
        done.set()
        thread.join()

    assert (status, took < 4) == (503, True)
