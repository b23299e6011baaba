"""Signing in and out, and who is kept out."""

import statistics
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from passlib.context import CryptContext

from kiaai.accounts import passwords
from kiaai.accounts.access import safe_next
from kiaai.accounts.people import deactivate, end_sessions
from kiaai.extensions import db, security
from kiaai.models import User
from kiaai.web.rate_limits import Counters
from tests.people import PASSWORD, csrf_token, enter, give_password, sign_in

ALICE, BOB = "alice@kia.example", "bob@kia.example"


@pytest.fixture(autouse=True)
def counters(monkeypatch: pytest.MonkeyPatch) -> Counters:
    """Count anew in each test. No store of limits runs in tests: this is the fallback at work."""
    fresh = Counters()
    monkeypatch.setattr("kiaai.accounts.attempts.counters", fresh)
    monkeypatch.setattr(fresh, "_ask_store_at", float("inf"))
    return fresh


@pytest.fixture
def csrf_on(app: Flask) -> Iterator[None]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.mark.parametrize("email", [ALICE, " Alice@KIA.example "])
def test_the_right_password_opens_the_inbox(client: FlaskClient, alice: User, email: str) -> None:
    give_password(alice)

    answer = sign_in(client, email)

    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/logout").status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ALICE, "wrong"),
        (ALICE, ""),
        ("", ""),
        ("nobody@kia.example", PASSWORD),
        ("carol@kia.example", PASSWORD),
        (BOB, PASSWORD),
        (ALICE, "x" * 100_000),
        ("a\x00", "b\x00"),
    ],
)
def test_all_others_read_the_same_text(
    client: FlaskClient, alice: User, bob: User, carol: User, email: str, password: str
) -> None:
    give_password(alice)
    give_password(carol)  # who is deactivated; Bob was invited and has no password yet

    answer = sign_in(client, email, password)

    assert answer.status_code == 422
    assert "E-mail or password is wrong" in answer.get_data(as_text=True)
    assert client.get("/logout").status_code == 303


@pytest.fixture
def dear_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let passwords cost what they cost outside of tests."""
    monkeypatch.setattr(security, "pwd_context", CryptContext(schemes=["argon2"]))
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._nobodys_hash.cache_clear()


@pytest.mark.usefixtures("dear_passwords")
def test_an_unknown_account_takes_as_long_as_a_wrong_password(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_password(alice)
    monkeypatch.setattr("kiaai.accounts.attempts.seconds_to_wait", lambda *_key: None)

    def seconds(email: str) -> float:
        # Of the processor, as others may be at work on this machine.
        start = time.process_time()
        sign_in(client, email, "wrong")
        return time.process_time() - start

    seconds(ALICE), seconds("nobody@kia.example")
    known, unknown = zip(*((seconds(ALICE), seconds("nobody@kia.example")) for _ in range(5)), strict=True)

    # One hash is several times as long as all the rest, so a missing one is far outside this.
    assert 0.6 < statistics.median(known) / statistics.median(unknown) < 1.6


def test_the_eleventh_wrong_try_is_told_when_to_come_back(client: FlaskClient, alice: User) -> None:
    give_password(alice)

    statuses = [sign_in(client, ALICE, "wrong").status_code for _ in range(10)]
    answer = sign_in(client, ALICE, PASSWORD)

    assert statuses == [422] * 10
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 901
    assert "Try again at" in answer.get_data(as_text=True) and "<time datetime=" in answer.get_data(
        as_text=True
    )


def test_another_account_and_another_address_are_not_held_up(
    client: FlaskClient, alice: User, bob: User
) -> None:
    give_password(alice)
    give_password(bob)
    for _ in range(11):
        sign_in(client, ALICE, "wrong")

    assert sign_in(client, BOB).status_code == 303
    elsewhere = client.application.test_client()
    answer = elsewhere.post(
        "/login", data={"email": ALICE, "password": PASSWORD}, environ_base={"REMOTE_ADDR": "192.0.2.9"}
    )
    assert answer.status_code == 303


def test_only_failures_count(client: FlaskClient, alice: User) -> None:
    give_password(alice)

    for _ in range(12):
        assert sign_in(client, ALICE).status_code == 303
    for _ in range(9):
        sign_in(client, ALICE, "wrong")
    assert sign_in(client, ALICE).status_code == 303
    assert sign_in(client, ALICE, "wrong").status_code == 422


def test_a_store_that_is_away_neither_fails_nor_opens_the_door(client: FlaskClient, alice: User) -> None:
    give_password(alice)
    # As it is in a fresh process: it asks the store first, and nothing listens there.
    counters = Counters()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kiaai.accounts.attempts.counters", counters)
        statuses = [sign_in(client, ALICE, "wrong").status_code for _ in range(11)]

    assert statuses == [422] * 10 + [429]


@pytest.mark.parametrize(
    ("given", "followed"),
    [
        ("/people?q=dana", "/people?q=dana"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/\n//evil.example", "/"),
        (" //evil.example", "/"),
        ("/%0d%0aSet-Cookie:x", "/%0d%0aSet-Cookie:x"),
    ],
)
def test_next_never_leads_to_another_site(given: str, followed: str) -> None:
    assert safe_next(given) == followed


def test_signing_in_follows_next_unless_it_leads_away(client: FlaskClient, alice: User) -> None:
    give_password(alice)

    assert sign_in(client, ALICE, next="/people?q=dana").location == "/people?q=dana"
    assert client.get("/login?next=//evil.example").location == "/"
    assert sign_in(client, ALICE, next="//evil.example").location == "/"


def test_what_was_in_the_session_before_is_gone(client: FlaskClient, alice: User) -> None:
    give_password(alice)
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"

    sign_in(client, ALICE)

    with client.session_transaction() as session:
        assert "planted" not in session


def test_signing_out_ends_the_session_also_in_a_copy_of_the_cookie(client: FlaskClient, alice: User) -> None:
    give_password(alice)
    sign_in(client, ALICE)
    cookie = client.get_cookie("kiaai_session")
    assert cookie is not None

    answer = client.post("/logout")

    assert (answer.status_code, answer.location) == (303, "/login")
    client.set_cookie("kiaai_session", cookie.value)
    assert client.get("/logout").location == "/login"


def test_following_a_link_signs_nobody_out(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    client.get("/logout")

    assert client.get("/logout").status_code == 200


@pytest.mark.parametrize("end", [deactivate, end_sessions])
def test_a_session_ends_at_once_from_outside(
    client: FlaskClient, alice: User, bob: User, end: object
) -> None:
    enter(client, bob)
    assert client.get("/logout").status_code == 200

    end(bob)  # type: ignore[operator]  # either of the two verbs
    db.session.commit()

    assert client.get("/logout").status_code == 303


def test_a_remembered_browser_stays_signed_in_until_signed_out(client: FlaskClient, alice: User) -> None:
    give_password(alice)
    sign_in(client, ALICE, remember="1")
    cookie = client.get_cookie("kiaai_remember")
    assert cookie is not None and cookie.http_only

    client.delete_cookie("kiaai_session")
    assert client.get("/logout").status_code == 200
    client.post("/logout")
    client.set_cookie("kiaai_remember", cookie.value)
    assert client.get("/logout").status_code == 303


@pytest.mark.usefixtures("csrf_on")
def test_the_form_needs_its_token(client: FlaskClient, alice: User) -> None:
    give_password(alice)

    assert sign_in(client, ALICE).status_code == 403
    token = csrf_token(client, "/login")
    assert sign_in(client, ALICE, csrf_token=token).status_code == 303


@pytest.mark.usefixtures("csrf_on")
def test_an_htmx_request_brings_the_token_as_a_header(client: FlaskClient, alice: User) -> None:
    enter(client, alice)
    token = csrf_token(client)

    assert client.post("/logout", headers={"HX-Request": "true"}).status_code == 403
    assert client.post("/logout", headers={"HX-Request": "true", "X-CSRFToken": token}).status_code == 303


def test_a_stranger_is_sent_to_sign_in_and_back(client: FlaskClient, app: Flask) -> None:
    answer = client.get("/settings/people?x=1")

    assert answer.status_code == 303
    parts = urlsplit(answer.location)
    assert (parts.path, parse_qs(parts.query)) == ("/login", {"next": ["/settings/people?x=1"]})


def test_a_stranger_who_posts_is_not_sent_back_there(client: FlaskClient, app: Flask) -> None:
    assert client.post("/settings/people").location == "/login"


def test_a_fragment_is_401_and_htmx_goes_to_sign_in(client: FlaskClient, app: Flask) -> None:
    bare = client.get("/settings/people", headers={"HX-Request": "true"})
    on_page = client.get(
        "/settings/people", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/?tab=unread"}
    )
    elsewhere = client.get(
        "/settings/people", headers={"HX-Request": "true", "HX-Current-URL": "http://evil.example/x"}
    )

    assert (bare.status_code, bare.headers["HX-Redirect"]) == (401, "/login?next=/settings/people")
    assert on_page.headers["HX-Redirect"] == "/login?next=/%3Ftab%3Dunread"
    assert elsewhere.headers["HX-Redirect"] == "/login?next=/settings/people"
