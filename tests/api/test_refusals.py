"""Every route for programs refuses strangers, members, unknown ids and odd bodies in the same way."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from kiaai.models import ApiKey, Conversation, User
from tests.api.conftest import bearer, codes
from tests.people import enter

DANA = "56900000001"
DEEP = b"[" * 100_000
FOR_ADMINS = [
    ("GET", "/leads/export"),
    ("GET", "/leads/imports"),
    ("POST", "/leads/imports"),
    ("GET", "/leads/imports/1"),
    ("DELETE", "/leads/imports/1"),
    ("POST", "/leads/imports/1/start"),
    ("POST", "/leads/imports/1/undo"),
    ("GET", "/api/webhooks"),
    ("POST", "/api/webhooks"),
    ("GET", "/api/webhooks/1"),
    ("PUT", "/api/webhooks/1"),
    ("DELETE", "/api/webhooks/1"),
    ("POST", "/api/webhooks/1/secret"),
    ("POST", "/api/webhooks/1/test"),
    ("GET", "/api/webhooks/1/deliveries"),
    ("POST", "/api/webhooks/deliveries/1/redeliver"),
]
FOR_ALL = [
    ("POST", "/leads"),
    ("POST", "/leads/bulk"),
    ("PUT", f"/api/conversations/{DANA}/assignee"),
    ("PUT", f"/api/conversations/{DANA}/state"),
]
WITH_JSON = [
    ("POST", "/leads", {"phone_number": DANA}),
    ("POST", "/leads/bulk", {"ids": [1], "change": {"lead_status": "customer"}}),
    ("PUT", f"/api/conversations/{DANA}/assignee", {"user_id": None}),
    ("PUT", f"/api/conversations/{DANA}/state", {"state": "closed"}),
    ("POST", "/api/webhooks", {"url": "https://93.184.216.34/", "events": ["lead.changed"]}),
    ("PUT", "/api/webhooks/1", {"is_active": True}),
]
WITH_ID = [route for route in FOR_ADMINS if "/1" in route[1]]


@pytest.mark.parametrize(("method", "path"), [*FOR_ADMINS, *FOR_ALL])
def test_strangers_and_unknown_keys_are_refused(client: FlaskClient, method: str, path: str) -> None:
    for headers in ({}, bearer("kia_unknown"), {"Authorization": "Basic YTpi"}):
        answer = client.open(path, method=method, json={}, headers=headers)

        assert codes(answer) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), FOR_ADMINS)
def test_members_are_refused_what_is_for_admins(
    client: FlaskClient, bob: User, method: str, path: str
) -> None:
    enter(client, bob)

    assert codes(client.open(path, method=method, json={})) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path", "body"), WITH_JSON[:4])
def test_members_may_do_what_their_pages_do(
    client: FlaskClient, bob: User, dana: Conversation, method: str, path: str, body: Any
) -> None:
    enter(client, bob)
    if "ids" in body:
        body = {**body, "ids": [dana.lead_id]}

    assert client.open(path, method=method, json=body).status_code == 200


@pytest.mark.parametrize(("method", "path"), WITH_ID)
@pytest.mark.parametrize("number", ["999999", str(2**63), "9" * 40])
def test_an_unknown_id_is_not_found(
    client: FlaskClient, key: tuple[ApiKey, str], method: str, path: str, number: str
) -> None:
    answer = client.open(
        path.replace("/1", f"/{number}"), method=method, json={"is_active": True}, headers=bearer(key[1])
    )

    assert codes(answer) == (404, "not_found")


@pytest.mark.parametrize("path", ["assignee", "state"])
@pytest.mark.parametrize("phone", ["56900000099", "id:99", "id:x", "CL.10000000000000000099", "nobody"])
def test_an_unknown_person_is_not_found(
    client: FlaskClient, key: tuple[ApiKey, str], path: str, phone: str
) -> None:
    body = {"user_id": None} if path == "assignee" else {"state": "open"}
    answer = client.put(f"/api/conversations/{phone}/{path}", json=body, headers=bearer(key[1]))

    assert codes(answer) == (404, "not_found")


@pytest.mark.parametrize(("method", "path", "body"), WITH_JSON)
def test_a_body_that_is_no_such_object_is_refused(
    client: FlaskClient, key: tuple[ApiKey, str], dana: Conversation, method: str, path: str, body: Any
) -> None:
    headers = {**bearer(key[1]), "Content-Type": "application/json"}
    for raw in (b"", b"{", b"[]", b"null", b"\xff", DEEP):
        answer = client.open(path, method=method, data=raw, headers=headers)
        assert codes(answer) == (422, "validation_failed")

    unknown = client.open(path, method=method, json={**body, "colour": "red"}, headers=headers)
    assert codes(unknown) == (422, "validation_failed")
    assert unknown.json is not None and list(unknown.json["error"]["fields"]) == ["colour"]


@pytest.mark.parametrize(("method", "path", "_body"), WITH_JSON)
def test_too_large_a_body_is_refused(
    client: FlaskClient, key: tuple[ApiKey, str], dana: Conversation, method: str, path: str, _body: Any
) -> None:
    headers = {**bearer(key[1]), "Content-Type": "application/json"}

    answer = client.open(path, method=method, data=b" " * (4 * 1024 * 1024 + 1), headers=headers)

    assert codes(answer) == (413, "too_large")


@pytest.mark.parametrize(("_method", "path"), [*FOR_ADMINS, *FOR_ALL])
def test_another_method_is_refused_and_the_right_ones_are_named(
    client: FlaskClient, _method: str, path: str
) -> None:
    answer = client.patch(path)

    assert codes(answer) == (405, "not_found")
    assert answer.headers["Allow"]
