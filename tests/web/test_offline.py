"""The offline page and its worker: what browsers are given to keep, and that it is nobody's."""

import gzip
import json
import re

import pytest
from flask.testing import FlaskClient

from kiaai.models import User
from kiaai.web import offline
from tests.people import enter
from tests.web.test_translations import SPANISH


def test_the_worker_is_small_and_asked_for_again_each_time(client: FlaskClient) -> None:
    answer = client.get("/service-worker.js")

    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/javascript", "no-cache")
    assert "worker-src 'self';" in answer.headers["Content-Security-Policy"]
    assert len(gzip.compress(answer.data)) <= 1000


def test_the_worker_keeps_all_that_its_page_loads(client: FlaskClient) -> None:
    loaded = set(re.findall(r'"(/static/[^"#]+)', client.get("/offline").text))

    kept = files_of(client.get("/service-worker.js").text)

    assert loaded == {file for file in kept if "/fonts/" not in file}
    assert [client.get(file).status_code for file in kept] == [200] * len(kept)


def test_its_page_is_the_same_for_all(client: FlaskClient, alice: User) -> None:
    before = client.get("/offline").text
    enter(client, alice)

    assert client.get("/offline").text == before
    assert "Alice" not in before and "csrf" not in before


def test_its_page_and_its_cache_follow_the_language(client: FlaskClient) -> None:
    assert "Sin conexión" in client.get("/offline", headers=SPANISH).text
    names = [name_of(client.get("/service-worker.js", headers=headers).text) for headers in ({}, SPANISH)]
    assert [name.rpartition("-")[0] for name in names] == ["offline-en", "offline-es"]


def test_a_release_has_a_worker_of_its_own(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    before = name_of(client.get("/service-worker.js").text)
    monkeypatch.setattr(offline, "release", lambda: "next")

    after = name_of(client.get("/service-worker.js").text)

    assert before != after == "offline-en-next"


def files_of(worker: str) -> list[str]:
    found: list[str] = json.loads(re.findall(r"const files = (\[.*\]);", worker)[0])
    return found


def name_of(worker: str) -> str:
    found: str = re.findall(r'const cacheName = "([^"]+)"', worker)[0]
    return found
