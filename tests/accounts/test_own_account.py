"""One's own account: name and password."""

import pytest
from flask.testing import FlaskClient

from kiaai.accounts.passwords import checked_person
from kiaai.models import User
from kiaai.web.rate_limits import Counters
from tests.people import PASSWORD, enter, give_password

NEW = "another tram under rain"


@pytest.fixture(autouse=True)
def counters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiaai.accounts.attempts.counters", Counters())


def change(client: FlaskClient, current: str, password: str) -> int:
    return client.post("/account/password", data={"current": current, "password": password}).status_code


@pytest.mark.parametrize("path", ["/account", "/account/name", "/account/password"])
def test_strangers_have_no_account(client: FlaskClient, alice: User, path: str) -> None:
    answer = client.get(path) if path == "/account" else client.post(path)

    assert answer.location.startswith("/login")


def test_a_member_changes_their_password_and_stays_signed_in(client: FlaskClient, bob: User) -> None:
    give_password(bob)
    other_browser = client.application.test_client()
    enter(other_browser, bob)
    enter(client, bob)

    assert change(client, PASSWORD, NEW) == 303

    assert checked_person(bob.email, NEW) == bob
    assert client.get("/account").status_code == 200
    assert other_browser.get("/account").status_code == 303


@pytest.mark.parametrize(("current", "password"), [("wrong", NEW), (PASSWORD, "short"), ("", "")])
def test_it_stays_when_one_of_the_two_is_wrong(
    client: FlaskClient, bob: User, current: str, password: str
) -> None:
    give_password(bob)
    enter(client, bob)

    assert change(client, current, password) == 422
    assert checked_person(bob.email, PASSWORD) == bob
    assert client.get("/account").status_code == 200


def test_a_session_left_open_is_no_way_to_guess_the_password(client: FlaskClient, bob: User) -> None:
    give_password(bob)
    enter(client, bob)

    assert [change(client, "wrong", NEW) for _ in range(11)] == [422] * 10 + [429]


def test_a_name_is_changed(client: FlaskClient, bob: User) -> None:
    enter(client, bob)

    client.post("/account/name", data={"name": " Roberto  B. "})

    assert bob.name == "Roberto B."
