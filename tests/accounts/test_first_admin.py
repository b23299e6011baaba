"""The first admin, and links that work once."""

import re
import threading
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner

from kiaai.accounts import first_admin, links
from kiaai.accounts.passwords import checked_person
from kiaai.accounts.people import create_person, deactivate
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import User
from tests.people import PASSWORD

FORM = {"name": "Olga", "email": "Olga@Kia.example", "password": PASSWORD}


def path_of(link: str) -> str:
    return re.sub(r"^https?://[^/]+", "", link)


@pytest.fixture
def named(settings: Settings) -> Settings:
    return replace(settings, admin_email="Olga@kia.example", admin_password="short")


def test_the_settings_make_the_first_admin(app: Flask, named: Settings) -> None:
    assert first_admin.make_from_settings(named)

    user = checked_person("olga@kia.example", "short")
    assert user is not None and user.is_admin


def test_the_settings_change_nothing_once_there_is_an_admin(app: Flask, named: Settings, alice: User) -> None:
    assert first_admin.make_from_settings(named)

    assert db.session.query(User).count() == 1


def test_no_settings_make_nobody(app: Flask, settings: Settings) -> None:
    assert not first_admin.make_from_settings(settings)
    assert not first_admin.make_from_settings(replace(settings, admin_email="olga@kia.example"))
    assert db.session.query(User).count() == 0


def test_the_sign_in_page_makes_the_admin_of_the_settings(
    app: Flask, client: FlaskClient, named: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", named)

    client.get("/login")

    assert db.session.query(User).one().email == "olga@kia.example"


def test_the_link_makes_the_first_admin_and_signs_them_in(client: FlaskClient, app: Flask) -> None:
    path = path_of(links.first_admin_link())
    assert "Olga" not in client.get(path).get_data(as_text=True)

    answer = client.post(path, data=FORM)

    assert (answer.status_code, answer.location) == (303, "/")
    user = db.session.query(User).one()
    assert (user.email, user.name, user.role) == ("olga@kia.example", "Olga", "admin")
    assert client.get("/settings/people").status_code == 200


def test_the_link_is_dead_as_soon_as_anybody_has_an_account(client: FlaskClient, carol: User) -> None:
    path = path_of(links.first_admin_link())

    assert client.get(path).status_code == 404
    assert client.post(path, data=FORM).status_code == 404
    assert db.session.query(User).count() == 1


@pytest.mark.committed
def test_two_who_use_the_link_at_once_do_not_both_get_in(app: Flask) -> None:
    path, start, statuses = path_of(links.first_admin_link()), threading.Barrier(2), []

    def use(email: str) -> None:
        browser = app.test_client()
        start.wait()
        statuses.append(browser.post(path, data={**FORM, "email": email}).status_code)

    threads = [threading.Thread(target=use, args=(f"{name}@kia.example",)) for name in ("olga", "eva")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [303, 404]
    assert db.session.query(User).count() == 1


def test_the_link_dies_after_a_day(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    path = path_of(links.first_admin_link())
    now = TimestampSigner("x").get_timestamp()
    assert client.get(path).status_code == 200

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: now + links.FIRST_ADMIN_SECONDS + 2)

    assert client.get(path).status_code == 404


@pytest.mark.parametrize("token", ["x", "a.b.c", "\u00ff", "%00"])
def test_a_made_up_link_is_dead(client: FlaskClient, app: Flask, token: str) -> None:
    assert client.get(f"/welcome/{token}").status_code == 404
    assert client.get(f"/invitations/{token}").status_code == 404


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": "elevensigns"}, "At least 12 characters"),
        ({"password": "x" * 201}, "At most 200 characters"),
        ({"email": "olga"}, "Such as ana@example.com"),
        ({"email": ""}, "Such as ana@example.com"),
    ],
)
def test_a_bad_field_is_explained_and_what_was_typed_stays(
    client: FlaskClient, app: Flask, change: dict[str, str], reason: str
) -> None:
    path = path_of(links.first_admin_link())

    answer = client.post(path, data={**FORM, **change})

    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert reason in html and 'value="Olga"' in html and PASSWORD not in html
    assert client.get(path).status_code == 200


def test_an_invitation_sets_a_password_once(client: FlaskClient, alice: User) -> None:
    user = create_person("eva@kia.example", "member")
    db.session.commit()
    path = path_of(links.invitation_link(user))

    answer = client.post(path, data={"name": "Eva", "password": PASSWORD})

    assert (answer.status_code, user.name) == (303, "Eva")
    assert checked_person("eva@kia.example", PASSWORD) == user
    assert client.get(path).status_code == 404
    assert client.post(path, data={"name": "Eva", "password": "another long one"}).status_code == 404


def test_an_invitation_with_a_bad_password_stays_good(client: FlaskClient, bob: User) -> None:
    path = path_of(links.invitation_link(bob))

    assert client.post(path, data={"name": "Bob", "password": "short"}).status_code == 422
    assert client.get(path).status_code == 200


def test_the_invitation_of_somebody_deactivated_is_dead(
    client: FlaskClient, alice: User, bob: User, carol: User
) -> None:
    path = path_of(links.invitation_link(bob))
    assert client.get(path_of(links.invitation_link(carol))).status_code == 404

    deactivate(bob)
    db.session.commit()

    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("host", "public_url", "base"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:8000"),
        ("0.0.0.0", None, "http://127.0.0.1:8000"),
        ("::1", None, "http://[::1]:8000"),
        ("127.0.0.1", "https://inbox.example.com", "https://inbox.example.com"),
    ],
)
def test_links_lead_where_a_browser_can_go(
    app: Flask, monkeypatch: pytest.MonkeyPatch, host: str, public_url: str | None, base: str
) -> None:
    changed = replace(app.extensions["settings"], host=host, public_url=public_url)
    monkeypatch.setitem(app.extensions, "settings", changed)

    assert links.first_admin_link().startswith(f"{base}/welcome/")
