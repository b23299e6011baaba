"""Team, keys and journal: for admins alone."""

import html
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import ApiKey, Channel, Message, User, WebhookEvent
from tests.people import enter

SAMPLES = Path(__file__).parent.parent / "samples"
PAGES = [
    "/settings",
    "/settings/people",
    "/settings/keys",
    "/settings/journal",
    "/settings/doctor",
    "/settings/hold",
    "/settings/business",
    "/settings/canned-replies",
    "/settings/tags",
    "/settings/webhooks",
]
VERBS = [
    "/settings/people",
    "/settings/people/1/invitation",
    "/settings/people/1/role",
    "/settings/people/1/deactivation",
    "/settings/people/1/activation",
    "/settings/keys",
    "/settings/keys/1/revocation",
    "/settings/journal/1/replay",
    "/settings/hold/release",
    "/settings/hold/cancellation",
    "/settings/business",
    "/settings/canned-replies",
    "/settings/canned-replies/preview",
    "/settings/canned-replies/1",
    "/settings/canned-replies/1/deletion",
    "/settings/tags",
    "/settings/tags/change",
    "/settings/tags/deletion",
    "/settings/webhooks",
    "/settings/webhooks/1",
    "/settings/webhooks/1/secret",
    "/settings/webhooks/1/pause",
    "/settings/webhooks/1/resumption",
    "/settings/webhooks/1/test",
    "/settings/webhooks/1/deletion",
    "/settings/webhooks/deliveries/1/again",
]


@pytest.mark.parametrize("path", PAGES)
def test_members_may_not_open_it(client: FlaskClient, bob: User, path: str) -> None:
    enter(client, bob)

    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", VERBS)
def test_members_and_strangers_may_not_do_it(client: FlaskClient, bob: User, path: str) -> None:
    assert client.post(path).location == "/login"

    enter(client, bob)

    assert client.post(path).status_code == 403


@pytest.mark.parametrize("path", PAGES[1:])
def test_admins_may(client: FlaskClient, alice: User, path: str) -> None:
    enter(client, alice)

    assert client.get(path).status_code == 200
    assert client.get("/settings").location == "/settings/business"


def test_an_admin_invites_somebody_by_a_link_shown_once(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    answer = client.post(
        "/settings/people", data={"email": "Eva@kia.example", "role": "member", "name": "Eva"}
    )

    assert answer.status_code == 201
    assert re.search(r"http://127\.0\.0\.1:8000/invitations/[\w.-]+", answer.get_data(as_text=True))
    assert "/invitations/" not in client.get("/settings/people").get_data(as_text=True)


@pytest.mark.parametrize(
    "form", [{"email": "bob@kia.example"}, {"email": "BOB@kia.example"}, {"email": "x"}, {"role": "owner"}]
)
def test_a_bad_invitation_is_explained(
    client: FlaskClient, alice: User, bob: User, form: dict[str, str]
) -> None:
    enter(client, alice)

    answer = client.post("/settings/people", data={"email": "eva@kia.example", "role": "member", **form})

    assert answer.status_code == 422
    assert "form-error" in answer.get_data(as_text=True)
    assert db.session.query(User).count() == 2


def test_an_admin_changes_roles_and_deactivates(client: FlaskClient, alice: User, bob: User) -> None:
    enter(client, alice)
    key = bob.fs_uniquifier

    client.post(f"/settings/people/{bob.id}/role", data={"role": "admin"})
    assert bob.role == "admin"
    client.post(f"/settings/people/{bob.id}/deactivation")
    assert (bob.active, bob.fs_uniquifier == key) == (False, False)
    client.post(f"/settings/people/{bob.id}/activation")
    assert bob.active


@pytest.mark.parametrize("verb", ["role", "deactivation"])
def test_the_last_admin_stays(client: FlaskClient, alice: User, bob: User, verb: str) -> None:
    enter(client, alice)

    answer = client.post(f"/settings/people/{alice.id}/{verb}", data={"role": "member"})

    assert answer.status_code == 422 and "the only admin" in answer.get_data(as_text=True)
    assert (alice.role, alice.active) == ("admin", True)


def test_a_new_link_ends_the_sessions_of_before(client: FlaskClient, alice: User, bob: User) -> None:
    enter(client, alice)
    key = bob.fs_uniquifier

    answer = client.post(f"/settings/people/{bob.id}/invitation")

    assert "/invitations/" in answer.get_data(as_text=True)
    assert bob.fs_uniquifier != key


def test_somebody_who_does_not_exist_is_404(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    assert client.post("/settings/people/999/deactivation").status_code == 404
    assert client.post("/settings/keys/999/revocation").status_code == 404
    assert client.post("/settings/journal/999/replay").status_code == 404


def test_a_key_is_shown_once_and_revoked(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    page = client.post("/settings/keys", data={"name": "web shop"}).get_data(as_text=True)
    key = db.session.scalars(select(ApiKey)).one()
    found = re.search(r"kia_[\w-]{40,}", page)
    assert found is not None and key.created_by == alice.id
    assert found[0] not in client.get("/settings/keys").get_data(as_text=True)

    client.post(f"/settings/keys/{key.id}/revocation")
    assert key.revoked_at is not None


def test_a_key_needs_a_name(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    assert client.post("/settings/keys", data={"name": " "}).status_code == 422


def test_the_journal_shows_failed_webhooks_and_nothing_of_them_runs(client: FlaskClient, alice: User) -> None:
    body = b'{"x": "<script>alert(1)</script>", "y": "\xff"}'
    failed = WebhookEvent(body=body, outcome="failed", error="No such field")
    db.session.add_all([failed, WebhookEvent(body=b"fine", outcome="applied")])
    db.session.commit()
    enter(client, alice)

    page = client.get("/settings/journal").get_data(as_text=True)

    assert f"#{failed.id}" in page and "No such field" in page
    assert html.escape('{"x": "<script>') in page or "&lt;script&gt;" in page
    assert "<script>alert" not in page and "fine" not in page
    assert f"/settings/journal/{failed.id}/replay" in page


def test_a_failed_webhook_is_applied_again(client: FlaskClient, alice: User, channel: Channel) -> None:
    body = (SAMPLES / "in-text.json").read_bytes()
    event = WebhookEvent(body=body, outcome="failed", error="The disk was full")
    db.session.add(event)
    db.session.commit()
    enter(client, alice)

    answer = client.post(f"/settings/journal/{event.id}/replay")

    assert (answer.status_code, event.outcome) == (303, "applied")
    assert db.session.query(Message).count() == 1
    assert "disk was full" not in client.get("/settings/journal").get_data(as_text=True)


def test_names_are_escaped(client: FlaskClient, alice: User) -> None:
    alice.name = "<img src=x onerror=alert(1)>"
    db.session.commit()
    enter(client, alice)

    assert "<img src=x" not in client.get("/settings/people").get_data(as_text=True)


def test_what_cannot_be_taken_back_asks_first(client: FlaskClient, alice: User, bob: User) -> None:
    enter(client, alice)

    page = client.get("/settings/people").text

    assert f'data-confirm="Deactivate {bob.name}? They are signed out at once."' in page
    assert f'data-confirm="Make {bob.name} admin?"' in page
