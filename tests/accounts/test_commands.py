"""`flask users`, `flask api-keys` and `flask welcome`."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import delete, func, select

from kiaai.accounts.api_keys import find_key
from kiaai.accounts.passwords import checked_person
from kiaai.extensions import db
from kiaai.models import ApiKey, Article, User
from tests.people import PASSWORD


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def test_a_person_is_made_with_the_password_of_standard_input(run: FlaskCliRunner) -> None:
    result = run.invoke(
        args=["users", "create", "olga@kia.example", "--role", "admin"], input=f"{PASSWORD}\n"
    )

    assert (result.exit_code, result.stdout) == (0, "")
    user = checked_person("olga@kia.example", PASSWORD)
    assert user is not None and user.is_admin


@pytest.mark.parametrize(
    ("email", "role", "password"),
    [
        ("olga", "admin", PASSWORD),
        ("bob@kia.example", "admin", PASSWORD),
        ("olga@kia.example", "owner", PASSWORD),
        ("olga@kia.example", "admin", "short"),
        ("olga@kia.example", "admin", ""),
    ],
)
def test_wrong_use_is_exit_code_2(
    run: FlaskCliRunner, bob: User, email: str, role: str, password: str
) -> None:
    result = run.invoke(args=["users", "create", email, "--role", role], input=f"{password}\n")

    assert result.exit_code == 2 and result.stdout == "" and result.stderr
    assert db.session.query(User).count() == 1


def test_somebody_locked_out_gets_a_link_from_the_server(
    run: FlaskCliRunner, client: FlaskClient, alice: User, carol: User
) -> None:
    key = alice.fs_uniquifier

    out = run.invoke(args=["users", "link", "Alice@kia.example"]).stdout

    path = out.strip().removeprefix("http://127.0.0.1:8000")
    assert client.get(path).status_code == 200
    assert alice.fs_uniquifier != key
    assert run.invoke(args=["users", "link", "carol@kia.example"]).exit_code == 1
    assert "alice@kia.example\tadmin\tinvited" in run.invoke(args=["users", "list"]).stdout


def test_the_key_stands_alone_on_standard_output_and_works(run: FlaskCliRunner) -> None:
    result = run.invoke(args=["api-keys", "create", "web shop"])

    assert result.exit_code == 0
    key = find_key(result.stdout.removesuffix("\n"))
    assert key is not None and key.name == "web shop"


def test_keys_are_listed_without_their_secret_and_revoked(run: FlaskCliRunner) -> None:
    token = run.invoke(args=["api-keys", "create", "web shop"]).stdout.strip()
    key = db.session.scalars(select(ApiKey)).one()

    listed = run.invoke(args=["api-keys", "list"]).stdout
    assert "web shop" in listed and token not in listed
    assert run.invoke(args=["api-keys", "revoke", str(key.id)]).exit_code == 0
    assert find_key(token) is None
    assert "revoked" in run.invoke(args=["api-keys", "list"]).stdout
    assert run.invoke(args=["api-keys", "revoke", "999"]).exit_code == 1


def test_welcome_says_where_to_go_and_links_to_the_first_admin(
    run: FlaskCliRunner, client: FlaskClient
) -> None:
    out = run.invoke(args=["welcome"]).stdout

    assert "http://127.0.0.1:8000" in out and "http://127.0.0.1:8001" in out
    link = re.search(r"http://127\.0\.0\.1:8000(/welcome/\S+)", out)
    assert link is not None and client.get(link[1]).status_code == 200


def test_welcome_prints_no_link_when_somebody_has_an_account(run: FlaskCliRunner, alice: User) -> None:
    assert "/welcome/" not in run.invoke(args=["welcome"]).stdout


def test_welcome_makes_the_admin_of_the_settings(
    app: Flask, run: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = replace(app.extensions["settings"], admin_email="olga@kia.example", admin_password=PASSWORD)
    monkeypatch.setitem(app.extensions, "settings", named)

    out = run.invoke(args=["welcome"]).stdout

    assert "/welcome/" not in out and PASSWORD not in out
    assert checked_person("olga@kia.example", PASSWORD) is not None


def test_welcome_teaches_the_sandboxs_bot_the_demo_once(run: FlaskCliRunner) -> None:
    run.invoke(args=["welcome"])
    known = db.session.scalar(select(func.count()).select_from(Article))
    db.session.execute(delete(Article).where(Article.language == "en"))
    db.session.commit()

    run.invoke(args=["welcome"])

    assert known and known > db.session.scalars(select(func.count()).select_from(Article)).one() > 0
