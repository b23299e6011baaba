"""One shape of errors, whatever went wrong, and a description that keeps to it."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiaai.models import ApiKey, Conversation
from tests.api.conftest import Call, bearer, codes, fields

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/api/nope", "/api/", "/leads/56900000001/nope", "/api/conversations/"])
def test_an_unknown_address_is_404(get: Call, path: str) -> None:
    assert codes(get(path)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/api/conversations", "/leads", "/api/conversations/56900000001"])
def test_a_wrong_method_is_405_and_names_the_right_ones(client: FlaskClient, path: str) -> None:
    answer = client.patch(path)

    assert codes(answer) == (405, "not_found")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[]", b'"x"', b"null", b"1", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(
    client: FlaskClient, key: tuple[ApiKey, str], dana: Conversation, body: bytes
) -> None:
    for path, method in (("/api/send-message", "POST"), ("/leads/56900000001/status", "PUT")):
        answer = client.open(path, method=method, data=body, headers={**bearer(key[1]), **JSON})
        assert codes(answer) == (422, "validation_failed")


def test_another_content_type_is_refused(client: FlaskClient, key: tuple[ApiKey, str]) -> None:
    answer = client.post("/api/send-message", data="to=1", headers=bearer(key[1]))

    assert codes(answer) == (422, "validation_failed")


def test_too_large_a_body_is_413(client: FlaskClient, key: tuple[ApiKey, str]) -> None:
    body = b'{"to": "' + b"5" * (4 * 1024 * 1024) + b'"}'

    answer = client.post("/api/send-message", data=body, headers={**bearer(key[1]), **JSON})

    assert codes(answer) == (413, "too_large")


def test_several_wrong_fields_are_all_named(post: Call) -> None:
    assert fields(post("/api/send-message", {"keep_bot": 1})) == ["keep_bot", "message", "to"]


def test_a_fault_of_ours_is_500_in_the_same_shape(
    app: Flask, get: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_arguments: Any) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("kiaai.api.queries.list_leads", break_down)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    answer = get("/leads")

    assert codes(answer) == (500, "unavailable")
    assert "secret" not in answer.get_data(as_text=True)


def test_the_description_is_openapi_3_1_and_names_every_route(client: FlaskClient) -> None:
    spec = json.loads(client.get("/api/openapi.json").data)

    assert spec["openapi"] == "3.1.0"
    assert set(spec["paths"]) == {
        "/api/articles",
        "/api/articles/{article_id}",
        "/api/conversations",
        "/api/conversations/{phone}",
        "/api/conversations/{phone}/assignee",
        "/api/conversations/{phone}/bot",
        "/api/conversations/{phone}/state",
        "/api/messages/{message_id}/again",
        "/api/questions",
        "/api/questions/{question_id}",
        "/api/send-message",
        "/api/webhooks",
        "/api/webhooks/deliveries/{delivery_id}/redeliver",
        "/api/webhooks/{webhook_id}",
        "/api/webhooks/{webhook_id}/deliveries",
        "/api/webhooks/{webhook_id}/secret",
        "/api/webhooks/{webhook_id}/test",
        "/leads",
        "/leads/bulk",
        "/leads/export",
        "/leads/imports",
        "/leads/imports/{import_id}",
        "/leads/imports/{import_id}/start",
        "/leads/imports/{import_id}/undo",
        "/leads/{phone}",
        "/leads/{phone}/consents",
        "/leads/{phone}/duplicates",
        "/leads/{phone}/merge",
        "/leads/{phone}/merges/{merge_id}",
        "/leads/{phone}/status",
    }
    for operations in spec["paths"].values():
        for name, operation in operations.items():
            if name != "parameters":
                assert {"401", "422", "429", "500", "503"} <= set(operation["responses"])


def test_the_reference_is_a_page_without_inline_script_or_style(client: FlaskClient) -> None:
    answer = client.get("/api/docs")
    html = answer.get_data(as_text=True)

    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script>" not in html and "<style" not in html and " style=" not in html
    assert "/api/send-message" in html and "window_expires_at" in html
