"""The doctor: each line is right, none is missing, and it ends in time whatever hangs."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from kiaai import clock, create_app
from kiaai.config import Settings
from kiaai.delivery import hold
from kiaai.doctor.examining import examine
from kiaai.doctor.findings import Finding, span
from kiaai.extensions import celery, db
from kiaai.models import Channel, Conversation, Message, OrphanReceipt, Process, User, WebhookEvent
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient
from tests.people import enter

Examine = Callable[[], dict[str, Finding]]


def client_of(settings: Settings, base: str, **changes: Any) -> WhatsAppClient:
    told = replace(settings, **changes)
    return WhatsAppClient(
        base,
        told.whatsapp_api_version,
        told.whatsapp_api_token,
        told.whatsapp_phone_number_id,
        is_sandbox=True,
        business_account_id=told.whatsapp_business_account_id,
    )


@pytest.fixture
def whatsapp(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    with SandboxServer(settings) as server:
        monkeypatch.setitem(app.extensions, "whatsapp", client_of(settings, server.url))
        yield server


@pytest.fixture
def findings(app: Flask, whatsapp: SandboxServer) -> Examine:
    return lambda: {finding.name: finding for finding in examine(app, 5)}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port where a connection is taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_healthy_installation_needs_nothing_but_its_broker(findings: Examine, channel: Channel) -> None:
    db.session.add(Process(name="worker-1"))
    db.session.commit()

    found = findings()

    assert {name for name, finding in found.items() if finding.state != "ok"} == {"broker"}
    assert "1 running" in found["worker"].text
    assert "Green" in found["quality"].text
    assert "Sandbox" in found["webhook"].text


def test_nobody_at_work_is_told(findings: Examine, dana: Conversation) -> None:
    db.session.execute(
        text("INSERT INTO processes (name, seen_at) VALUES ('w', now() - interval '9 minutes')")
    )
    dana.talk_due_at = clock.now() - timedelta(minutes=5)
    db.session.commit()

    found = findings()

    assert (found["worker"].state, found["queue"].state) == ("look", "look")
    assert "9 min" in found["worker"].text
    assert "messages for 5 min" in found["queue"].text


def test_a_pause_and_a_hold_are_told_with_their_reason(
    findings: Examine, channel: Channel, dana: Conversation
) -> None:
    channel.paused_at, channel.paused_code, channel.paused_reason = clock.now(), 131042, "raw words"
    dana.talk_due_at = clock.now() - timedelta(minutes=5)
    hold.hold("The database was restored.")
    db.session.commit()

    found = findings()

    assert "Payment is missing" in found["pause"].text
    assert "restored" in found["hold"].text
    assert found["queue"].state == "ok"


def test_what_could_not_be_applied_is_told(findings: Examine, channel: Channel) -> None:
    db.session.add_all([WebhookEvent(outcome="failed"), WebhookEvent(body=b'{"statuses": []}')])
    db.session.add(OrphanReceipt(channel_id=channel.id, wamid="wamid.X"))
    db.session.commit()

    found = findings()

    assert (found["journal"].state, found["receipts"].state) == ("look", "look")
    assert found["last event"] == Finding("last event", "ok", "Received 0 s ago.")
    assert found["last status"] == Finding("last status", "ok", "Received 0 s ago.")


def test_messages_that_get_no_status_are_told(findings: Examine, dana: Conversation) -> None:
    sent_at = clock.now() - timedelta(minutes=20)
    db.session.add(
        Message(conversation_id=dana.id, direction="outgoing", author="user", status="sent", sent_at=sent_at)
    )
    db.session.add(WebhookEvent(body=b'{"messages": []}'))
    db.session.commit()

    assert findings()["last status"].state == "look"


def test_a_migration_that_was_not_run_is_told(findings: Examine) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    db.session.commit()

    assert "flask db upgrade" in findings()["migrations"].text


def test_a_refused_token_is_told_with_the_way_out(
    app: Flask,
    settings: Settings,
    findings: Examine,
    whatsapp: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = client_of(settings, whatsapp.url, whatsapp_api_token="another")
    monkeypatch.setitem(app.extensions, "whatsapp", client)

    found = findings()

    assert "WHATSAPP_API_TOKEN" in found["token"].text
    assert {found[name].state for name in ("number", "quality", "webhook")} == {"skip"}


def test_a_whatsapp_that_does_not_answer_is_told_as_such(
    app: Flask, settings: Settings, findings: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "whatsapp", client_of(settings, "http://127.0.0.1:1"))

    found = findings()["token"]

    assert (found.state, "The sandbox does not answer" in found.text) == ("look", True)


def test_without_an_account_id_the_subscription_is_skipped(
    app: Flask,
    settings: Settings,
    findings: Examine,
    whatsapp: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = replace(settings, whatsapp_business_account_id="")
    monkeypatch.setitem(app.extensions, "settings", told)
    monkeypatch.setitem(
        app.extensions, "whatsapp", client_of(settings, whatsapp.url, whatsapp_business_account_id="")
    )

    found = findings()["webhook"]

    assert (found.state, "WHATSAPP_BUSINESS_ACCOUNT_ID" in found.text) == ("skip", True)


def test_it_ends_in_time_when_everything_hangs(
    settings: Settings, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = f"127.0.0.1:{silent_port}"
    # Making an app sets this for the whole process.
    monkeypatch.setattr(celery.conf, "broker_url", celery.conf.broker_url)
    app = create_app(
        replace(
            settings,
            database_url=f"postgresql+psycopg2://a:b@{silent}/none",
            broker_url=f"redis://{silent}/0",
            whatsapp_api_base=f"http://{silent}",
        )
    )
    started = time.monotonic()

    found = {finding.name: finding for finding in examine(app, 1)}

    assert time.monotonic() - started < 10
    assert {found[name].state for name in ("database", "broker", "token")} == {"look"}
    assert found["disk"].state == "ok"


def test_the_command_ends_with_one_when_something_needs_doing(
    app: Flask, whatsapp: SandboxServer, channel: Channel
) -> None:
    result = app.test_cli_runner().invoke(args=["doctor"])

    assert result.exit_code == 1
    assert "OK    database" in result.output
    assert "LOOK  worker" in result.output


def test_the_page_tells_an_admin_what_to_do_first(
    client: FlaskClient, whatsapp: SandboxServer, alice: User
) -> None:
    enter(client, alice)

    page = client.get("/settings/doctor").get_data(as_text=True)

    assert "Something needs doing" in page
    assert page.index("No worker has been seen") < page.index("The number may send")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59.9, "59 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_a_stretch_of_time_is_told_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words
