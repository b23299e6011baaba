"""Who may call: keys and people, each within their rate."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiaai import clock
from kiaai.accounts.api_keys import create_key, revoke_key
from kiaai.accounts.people import deactivate
from kiaai.extensions import db
from kiaai.models import ApiKey, Conversation, User
from tests.api.conftest import Call, bearer, codes
from tests.people import csrf_token, enter

ROUTES = [
    ("GET", "/api/conversations"),
    ("GET", "/api/conversations/56900000001"),
    ("PUT", "/api/conversations/56900000001/bot"),
    ("POST", "/api/send-message"),
    ("GET", "/leads"),
    ("GET", "/leads/56900000001"),
    ("PUT", "/leads/56900000001/status"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_enters_without_key_or_session(
    client: FlaskClient, dana: Conversation, method: str, path: str
) -> None:
    answer = client.open(path, method=method, json={})

    assert codes(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer kia_wrong", "Basic YTpi", "Bearer \u00ff", "kia_x"]
)
def test_a_wrong_key_is_refused(client: FlaskClient, key: tuple[ApiKey, str], header: str) -> None:
    answer = client.get("/leads", headers={"Authorization": header})

    assert codes(answer) == (401, "unauthorized")


def test_a_revoked_key_is_refused_at_once(client: FlaskClient, key: tuple[ApiKey, str]) -> None:
    assert client.get("/leads", headers=bearer(key[1])).status_code == 200

    revoke_key(key[0].id)
    db.session.commit()

    assert codes(client.get("/leads", headers=bearer(key[1]))) == (401, "unauthorized")


def test_only_the_hash_of_a_key_is_kept(key: tuple[ApiKey, str]) -> None:
    row, token = key

    assert token.startswith("kia_") and len(token) > 40
    assert token not in (row.key_hash, row.prefix) and token.startswith(row.prefix)


def test_the_last_use_is_noted_at_most_once_a_minute(get: Call, key: tuple[ApiKey, str]) -> None:
    get("/leads")
    first = key[0].last_used_at
    get("/leads")
    assert first is not None and key[0].last_used_at == first

    key[0].last_used_at = clock.now() - timedelta(minutes=2)
    db.session.commit()
    get("/leads")
    assert key[0].last_used_at >= first


def test_a_person_reads_with_the_session(client: FlaskClient, bob: User, dana: Conversation) -> None:
    enter(client, bob)

    assert client.get("/api/conversations").status_code == 200


def test_a_deactivated_person_is_out_at_once(client: FlaskClient, alice: User, bob: User) -> None:
    enter(client, bob)
    assert client.get("/leads").status_code == 200

    deactivate(bob)
    db.session.commit()

    assert codes(client.get("/leads")) == (401, "unauthorized")


@pytest.fixture
def csrf_on(app: Flask) -> Iterator[None]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.mark.parametrize("headers", [{}, {"X-CSRFToken": "wrong"}])
@pytest.mark.usefixtures("csrf_on")
def test_a_session_without_its_token_changes_nothing(
    client: FlaskClient, bob: User, dana: Conversation, headers: dict[str, str]
) -> None:
    enter(client, bob)

    answer = client.put("/leads/56900000001/status", json={"lead_status": "customer"}, headers=headers)

    assert codes(answer) == (403, "csrf_failed")
    assert dana.lead.lead_status == "unknown"


@pytest.mark.usefixtures("csrf_on")
def test_a_session_with_its_token_may_write(client: FlaskClient, bob: User, dana: Conversation) -> None:
    enter(client, bob)
    token = csrf_token(client)

    answer = client.put(
        "/leads/56900000001/status", json={"lead_status": "customer"}, headers={"X-CSRFToken": token}
    )

    assert answer.status_code == 200


@pytest.mark.usefixtures("csrf_on")
def test_a_key_needs_no_token(put: Call, dana: Conversation) -> None:
    assert put("/leads/56900000001/status", {"lead_status": "customer"}).status_code == 200


def test_a_key_beyond_its_rate_is_told_how_long_to_wait(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = replace(app.extensions["settings"], api_rate_limit="3 per minute")
    monkeypatch.setitem(app.extensions, "settings", slow)
    (_, token), (_, other) = create_key("slow"), create_key("other")
    db.session.commit()

    answers = [client.get("/leads", headers=bearer(token)) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert codes(answers[3]) == (429, "rate_limited")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 61
    assert client.get("/leads", headers=bearer(other)).status_code == 200
