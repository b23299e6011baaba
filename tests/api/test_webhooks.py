"""`/api/webhooks`: made and deleted by programs, and told again on request."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.hooks.webhooks import create_webhook, set_active
from kiaai.models import ApiKey, OutgoingDelivery, OutgoingWebhook, User
from tests.api.conftest import Call, bearer, codes, fields
from tests.people import enter

PUBLIC = "https://93.184.216.34/kia-ai"


@pytest.fixture
def webhook(app: object) -> OutgoingWebhook:
    webhook = create_webhook(PUBLIC, ["lead.changed"])
    db.session.commit()
    return webhook


def told(webhook: OutgoingWebhook, **values: Any) -> OutgoingDelivery:
    delivery = OutgoingDelivery(webhook_id=webhook.id, event="lead.changed", **values)
    db.session.add(delivery)
    db.session.commit()
    return delivery


def test_the_secret_is_told_once(get: Call, post: Call) -> None:
    answer = post("/api/webhooks", {"url": PUBLIC, "events": ["lead.changed", "message.status"]})

    assert answer.status_code == 201
    assert answer.json["secret"].startswith("kiasec_")
    (listed,) = get("/api/webhooks").json["webhooks"]
    assert listed == answer.json["webhook"]
    assert listed["events"] == ["message.status", "lead.changed"]
    assert (listed["is_active"], listed["waiting"], listed["failing_since"]) == (True, 0, None)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"url": "http://127.0.0.1/", "events": ["lead.changed"]}, ["url"]),
        ({"url": "http://localhost:5000/", "events": ["lead.changed"]}, ["url"]),
        ({"url": PUBLIC, "events": []}, ["events"]),
        ({"url": PUBLIC, "events": ["lead.deleted"]}, ["events"]),
        ({"events": ["lead.changed"]}, ["url"]),
    ],
)
def test_what_does_not_fit_is_refused(post: Call, body: Any, wrong: list[str]) -> None:
    assert fields(post("/api/webhooks", body)) == wrong


def test_a_deleted_webhook_is_gone_with_its_deliveries(
    client: FlaskClient, key: tuple[ApiKey, str], webhook: OutgoingWebhook
) -> None:
    webhook_id = webhook.id
    told(webhook)

    first, second = (client.delete(f"/api/webhooks/{webhook_id}", headers=bearer(key[1])) for _ in range(2))

    assert (first.status_code, first.data) == (204, b"")
    assert codes(second) == (404, "not_found")
    assert db.session.query(OutgoingDelivery).count() == 0


def test_deliveries_come_in_pages_with_the_reason_of_a_failure(get: Call, webhook: OutgoingWebhook) -> None:
    path = f"/api/webhooks/{webhook.id}/deliveries"
    rows = [told(webhook, status=500, error="answered", payload={"lead": {"id": 7}}) for _ in range(3)]

    first = get(path, limit=2).json
    second = get(path, limit=2, before=first["next"]).json

    ids = [row["id"] for page in (first, second) for row in page["deliveries"]]
    assert ids == [row.id for row in reversed(rows)]
    assert second["next"] is None
    shown = first["deliveries"][0]
    assert shown["error"] == "It answered 500. Only 200 to 299 counts as received."
    assert (shown["data"], shown["state"], shown["created_at"][-1]) == ({"lead": {"id": 7}}, "due", "Z")


def test_a_delivery_is_sent_again_under_its_key(post: Call, webhook: OutgoingWebhook) -> None:
    row = told(webhook, state="failed", tries=30, error="answered", next_try_at=None)
    key = str(row.key)

    answer = post(f"/api/webhooks/deliveries/{row.id}/redeliver", {})

    assert answer.status_code == 202
    again = answer.json["delivery"]
    assert (again["state"], again["tries"], again["error"], again["key"]) == ("due", 0, None, key)


def test_a_paused_webhook_sends_nothing_again(post: Call, webhook: OutgoingWebhook) -> None:
    row = told(webhook)
    set_active(webhook.id, False)
    db.session.commit()

    assert fields(post(f"/api/webhooks/deliveries/{row.id}/redeliver", {})) == ["webhook"]


def test_a_pause_and_another_address_leave_the_rest_as_it_is(put: Call, webhook: OutgoingWebhook) -> None:
    path = f"/api/webhooks/{webhook.id}"

    paused = put(path, {"is_active": False}).json["webhook"]
    moved = put(path, {"url": f"{PUBLIC}/2", "events": ["message.status"]}).json["webhook"]
    goes_on = put(path, {"is_active": True}).json["webhook"]

    assert (paused["is_active"], paused["url"], paused["events"]) == (False, PUBLIC, ["lead.changed"])
    assert (moved["is_active"], moved["url"], moved["events"]) == (False, f"{PUBLIC}/2", ["message.status"])
    assert goes_on == {**moved, "is_active": True}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"url": "http://127.0.0.1/", "is_active": False}, ["url"]),
        ({"events": []}, ["events"]),
        ({"is_active": "no"}, ["is_active"]),
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(
    put: Call, get: Call, webhook: OutgoingWebhook, body: Any, wrong: list[str]
) -> None:
    path = f"/api/webhooks/{webhook.id}"
    before = get(path).json

    assert fields(put(path, body)) == wrong
    assert get(path).json == before


def test_another_secret_is_told_once_and_signs_from_now_on(
    get: Call, post: Call, webhook: OutgoingWebhook
) -> None:
    former = webhook.secret

    answer = post(f"/api/webhooks/{webhook.id}/secret", None)

    assert answer.json["secret"] == webhook.secret != former
    assert "secret" not in get(f"/api/webhooks/{webhook.id}").json


def test_a_test_is_queued_unless_it_is_paused(post: Call, webhook: OutgoingWebhook) -> None:
    queued = post(f"/api/webhooks/{webhook.id}/test", None)
    set_active(webhook.id, False)
    db.session.commit()

    assert (queued.status_code, queued.json["delivery"]["event"]) == (202, "test")
    assert fields(post(f"/api/webhooks/{webhook.id}/test", None)) == ["webhook"]


def test_members_may_not(client: FlaskClient, bob: User, alice: User) -> None:
    enter(client, bob)
    refused = client.get("/api/webhooks")
    enter(client, alice)

    assert codes(refused) == (403, "forbidden")
    assert client.get("/api/webhooks").status_code == 200


@pytest.mark.parametrize("path", [f"/api/webhooks/{2**63}/deliveries", "/api/webhooks/99/deliveries"])
def test_an_unknown_webhook_is_not_found(get: Call, path: str) -> None:
    assert codes(get(path)) == (404, "not_found")
