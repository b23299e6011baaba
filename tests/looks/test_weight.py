"""A page is light: what a phone on a bad connection loads before it can answer a customer."""

import gzip
from typing import Any

import pytest
from flask import Flask

from kiaai.config import ROOT
from kiaai.models import User
from tests.inbox.browser import visiting
from tests.looks.conftest import longest_talk

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

PAGE_BYTES, SCRIPT_BYTES = 120_000, 12_000


def test_an_open_conversation_weighs_less_than_120_kb(
    chromium: Any, shop: Flask, address: str, alice: User
) -> None:
    path = f"/inbox/conversations/{longest_talk()}"
    loaded: dict[str, int] = {}
    with visiting(chromium, shop, address, alice) as page:
        page.on("requestfinished", lambda request: loaded.setdefault(request.url, weight(request.response())))
        page.goto(path, wait_until="networkidle")

    assert sum(loaded.values()) < PAGE_BYTES, loaded


def test_our_own_scripts_weigh_less_than_12_kb() -> None:
    scripts = {path.name: compressed(path.read_bytes()) for path in (ROOT / "static" / "js").glob("*.js")}

    assert 0 < sum(scripts.values()) < SCRIPT_BYTES, scripts


def weight(response: Any) -> int:
    """Return the bytes of an answer as they travel: fonts and pictures are packed already."""
    is_text = any(
        kind in response.headers.get("content-type", "") for kind in ("text/", "script", "svg", "json")
    )
    return compressed(response.body()) if is_text else len(response.body())


def compressed(content: bytes) -> int:
    return len(gzip.compress(content))
