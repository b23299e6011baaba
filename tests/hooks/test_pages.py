"""The pages of the settings: an admin makes a webhook, sees how it does, and sends something again."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.hooks.webhooks import create_webhook
from kiaai.models import OutgoingDelivery, OutgoingWebhook, User
from tests.hooks.conftest import Receiver, Tell, told
from tests.people import enter

PATH = "/settings/webhooks"
PUBLIC = "https://93.184.216.34/kia-ai"


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


@pytest.fixture
def page(app: Flask) -> str:
    """The page of a webhook that leads to nobody."""
    webhook = create_webhook(PUBLIC, ["lead.changed"])
    db.session.commit()
    return f"{PATH}/{webhook.id}"


def text_of(client: FlaskClient, path: str) -> str:
    return html.unescape(client.get(path).get_data(as_text=True))


def store(webhook_path: str, **values: object) -> OutgoingDelivery:
    row = OutgoingDelivery(
        webhook_id=int(webhook_path.rpartition("/")[2]), **{"event": "lead.changed", **values}
    )
    db.session.add(row)
    db.session.commit()
    return row


def test_the_first_visit_teaches(admin: FlaskClient) -> None:
    assert "No program listens yet" in text_of(admin, PATH)


def test_a_new_webhook_shows_its_secret_once(admin: FlaskClient) -> None:
    made = admin.post(PATH, data={"url": f" {PUBLIC} ", "events": ["message.received"]})

    webhook = db.session.scalars(select(OutgoingWebhook)).one()
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    assert webhook.secret in made.text
    assert webhook.url == PUBLIC
    for path in (PATH, f"{PATH}/{webhook.id}"):
        assert webhook.secret not in text_of(admin, path)


def test_a_new_secret_replaces_the_former(admin: FlaskClient, page: str) -> None:
    former = db.session.scalars(select(OutgoingWebhook.secret)).one()

    shown = re.search(r"kiasec_[\w-]+", admin.post(f"{page}/secret").text)

    assert shown and shown[0] != former
    assert db.session.scalars(select(OutgoingWebhook.secret)).one() == shown[0]


@pytest.mark.parametrize(
    ("url", "events", "reason"),
    [
        ("http://127.0.0.1/x", ["lead.changed"], "which is not a public address"),
        ("nowhere", ["lead.changed"], "Give a whole address"),
        (PUBLIC, [], "Choose at least one."),
    ],
)
def test_what_does_not_fit_is_said_beside_what_was_written(
    admin: FlaskClient, page: str, url: str, events: list[str], reason: str
) -> None:
    for path in (PATH, page):
        answer = admin.post(path, data={"url": url, "events": events})

        assert answer.status_code == 422
        assert reason in html.unescape(answer.text)
        assert f'value="{url}"' in answer.text


def test_a_test_is_sent_and_shown(
    admin: FlaskClient, webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    page = f"{PATH}/{webhook.id}"
    admin.post(f"{page}/test")
    tell()

    assert receiver.posts[0][0]["Kiaai-Event"] == "test"
    shown = text_of(admin, page)
    assert "Received" in shown and "Working" in shown


def test_a_delivery_shows_its_body_and_why_it_failed(admin: FlaskClient, page: str) -> None:
    payload = {"lead": {"customer_name": "<b>Dana</b>"}}
    row = store(page, error="answered", status=503, payload=payload)

    shown = admin.get(f"{PATH}/deliveries/{row.id}").text

    assert "It answered 503." in shown
    assert str(row.key) in shown
    assert "&lt;b&gt;Dana" in shown and "<b>Dana" not in shown


def test_a_failure_is_said_in_spanish(admin: FlaskClient, page: str) -> None:
    store(page, error="answered", status=503)

    shown = admin.get(page, headers={"Accept-Language": "es"}).text

    assert "Respondió 503." in shown


def test_a_delivery_is_sent_again(admin: FlaskClient, page: str) -> None:
    row = store(page, state="failed", tries=9, next_try_at=None)

    answer = admin.post(f"{PATH}/deliveries/{row.id}/again")

    assert answer.location == page
    assert [(row.state, row.tries) for row in told()] == [("due", 0)]


def test_a_paused_webhook_sends_nothing_and_goes_on(admin: FlaskClient, page: str) -> None:
    row = store(page, state="failed", next_try_at=None)
    admin.post(f"{page}/pause")

    admin.post(f"{page}/test")
    admin.post(f"{PATH}/deliveries/{row.id}/again")
    assert [row.state for row in told()] == ["failed"]

    admin.post(f"{page}/resumption")
    admin.post(f"{page}/test")
    assert [row.state for row in told()] == ["failed", "due"]


def test_older_deliveries_are_on_the_next_page(admin: FlaskClient, page: str) -> None:
    webhook_id = int(page.rpartition("/")[2])
    db.session.add_all(OutgoingDelivery(webhook_id=webhook_id, event="test") for _ in range(50))
    oldest = min(row.id for row in [*told(), store(page)])

    first = admin.get(page).text
    older = re.search(r'href="([^"]+before=[^"]+)"', first)

    assert older and f'id="delivery-{oldest}"' not in first
    assert f'id="delivery-{oldest}"' in admin.get(html.unescape(older[1])).text


def test_a_poll_with_nothing_new_is_answered_in_a_word(admin: FlaskClient, page: str) -> None:
    row = store(page)
    first = admin.get(f"{page}/deliveries")
    tag = {"HX-PTag": first.headers["HX-PTag"]}

    assert admin.get(f"{page}/deliveries", headers=tag).status_code == 304
    row.tries = 1
    db.session.commit()
    assert admin.get(f"{page}/deliveries", headers=tag).status_code == 200


def test_a_deleted_webhook_takes_its_deliveries_along(admin: FlaskClient, page: str) -> None:
    store(page)

    assert admin.post(f"{page}/deletion").location == PATH
    assert admin.get(page).status_code == 404
    assert told() == []
