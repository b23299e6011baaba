"""Everybody chooses a language in their own words, and sees which one it is."""

import re

from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.models import User
from tests.people import enter


def test_the_language_of_the_page_is_marked(client: FlaskClient) -> None:
    page = client.get("/login", headers={"Accept-Language": "es"}).text

    assert re.findall(r'value="(\w+)" lang="\w+" aria-current="true"', page) == ["es"]


def test_a_language_follows_the_person_into_another_browser(client: FlaskClient, bob: User) -> None:
    enter(client, bob)
    client.post("/account/language", data={"language": "es"})

    elsewhere = client.application.test_client()
    enter(elsewhere, bob)

    assert '<html lang="es"' in elsewhere.get("/account", headers={"Accept-Language": "en"}).text


def test_admins_see_who_reads_in_which_language(client: FlaskClient, alice: User, bob: User) -> None:
    bob.language = "es"
    db.session.commit()
    enter(client, alice)

    assert '<span lang="es">Español</span>' in client.get("/settings/people").text


def test_the_doctor_speaks_the_language_of_the_reader(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    page = client.get("/settings/doctor", headers={"Accept-Language": "es"}).text

    assert "Las tablas son las de esta versión." in page and "Base de datos" in page
    assert "It answers" not in page


def test_only_admins_see_the_way_to_the_settings(client: FlaskClient, alice: User, bob: User) -> None:
    enter(client, bob)
    assert 'href="/settings"' not in client.get("/account").text

    other = client.application.test_client()
    enter(other, alice)
    assert 'href="/settings"' in other.get("/account").text
