"""A page is light: what a phone on a bad connection loads before it can answer a customer."""

import gzip
import re
from typing import Any

import pytest
from flask import Flask

from kiaai.config import ROOT
from kiaai.models import User
from tests.inbox.browser import visiting_anew
from tests.looks.conftest import longest_talk

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

# What is aimed at is 12,000 for the scripts. On demand are those that no open conversation loads by itself:
# the emoji picker.
PAGE_BYTES, SCRIPT_BYTES, ON_DEMAND_BYTES = 120_000, 15_500, 2_000


def test_an_open_conversation_weighs_less_than_120_kb(
    chromium: Any, shop: Flask, address: str, alice: User
) -> None:
    path = f"/inbox/conversations/{longest_talk()}"
    loaded: dict[str, int] = {}
    with visiting_anew(chromium, shop, address, alice) as page:
        page.on("requestfinished", lambda request: loaded.setdefault(request.url, weight(request.response())))
        page.goto(path, wait_until="networkidle")

    assert sum(loaded.values()) < PAGE_BYTES, loaded


def test_our_own_scripts_of_an_open_conversation_weigh_little(
    chromium: Any, shop: Flask, address: str, alice: User
) -> None:
    with visiting_anew(chromium, shop, address, alice) as page:
        page.goto(f"/inbox/conversations/{longest_talk()}", wait_until="networkidle")
        loaded = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")

    names = {match[1] for url in loaded if (match := re.search(r"/static/js/([\w-]+\.js)", url))}
    scripts = {path.name: compressed(path.read_bytes()) for path in (ROOT / "static" / "js").glob("*.js")}
    on_demand = {name: size for name, size in scripts.items() if name not in names}
    assert {"app.js", "page.js", "composer.js"} <= names
    assert sum(scripts[name] for name in names) < SCRIPT_BYTES, scripts
    assert sum(on_demand.values()) < ON_DEMAND_BYTES, on_demand


def weight(response: Any) -> int:
    """Return the bytes of an answer as they travel: fonts and pictures are packed already."""
    is_text = any(
        kind in response.headers.get("content-type", "") for kind in ("text/", "script", "svg", "json")
    )
    return compressed(response.body()) if is_text else len(response.body())


def compressed(content: bytes) -> int:
    return len(gzip.compress(content))
