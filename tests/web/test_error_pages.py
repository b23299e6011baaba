"""Errors as people read them."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.models import User
from tests.people import enter


def test_a_missing_page_says_so_and_leads_back(client: FlaskClient, app: Flask) -> None:
    answer = client.get("/nope")

    html = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is nothing here" in html and 'href="/"' in html


def test_a_fragment_gets_one_line(client: FlaskClient, app: Flask) -> None:
    answer = client.get("/nope", headers={"HX-Request": "true"})

    assert (answer.status_code, "<html" in answer.get_data(as_text=True)) == (404, False)


def test_a_wrong_method_keeps_its_header(client: FlaskClient, app: Flask) -> None:
    answer = client.delete("/login")

    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


def test_too_large_a_form_is_413(client: FlaskClient, app: Flask) -> None:
    answer = client.post("/login", data={"email": "x" * (5 * 1024 * 1024)})

    assert answer.status_code == 413


def test_members_read_why_they_may_not(client: FlaskClient, bob: User) -> None:
    enter(client, bob)

    answer = client.get("/settings/keys")

    assert answer.status_code == 403 and "Only admins can" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (NotFound("gone"), 404, "There is nothing here"),
        (ValidationFailed("Not <b>this</b> way."), 422, "Not &lt;b&gt;this&lt;/b&gt; way."),
        (ZeroDivisionError("a secret detail"), 500, "Something broke on our side"),
    ],
)
def test_an_error_of_a_view_becomes_a_page(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, says: str
) -> None:
    def fail() -> str:
        raise error

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.view_functions, "accounts.sign_in_page", fail)

    answer = client.get("/login")

    assert answer.status_code == status
    assert says in answer.get_data(as_text=True) and "secret" not in answer.get_data(as_text=True)


def test_a_mistake_in_our_own_query_is_a_fault_and_no_outage(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        db.session.execute(text("SELECT no_such_column"))
        return ""

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.view_functions, "accounts.sign_in_page", fail)

    assert client.get("/login").status_code == 500


def test_somebody_whose_session_is_gone_is_sent_to_sign_in(app: Flask, client: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        form = client.post("/settings/keys", data={"name": "x"})
        fragment = client.post("/settings/keys", headers={"HX-Request": "true"})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False

    assert (form.status_code, form.location) == (303, "/login")
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, "/login?next=/settings/keys")
