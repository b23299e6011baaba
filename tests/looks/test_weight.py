"""A page is light: what a phone on a bad connection loads before it can answer a customer."""

import gzip
import re
from typing import Any

import pytest
from flask import Flask

from kiaai.config import ROOT
from kiaai.models import User
from kiaai.web.packing import packed
from tests.inbox.browser import visiting_anew
from tests.looks.conftest import longest_talk

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

# The others are those that no open conversation loads by itself: the emoji picker, what works offline, and
# those of other pages; each of them on its own.
PAGE_BYTES, SCRIPT_BYTES, OTHER_SCRIPT_BYTES = 120_000, 12_000, 1_500


def test_an_open_conversation_weighs_less_than_120_kb(
    chromium: Any, shop: Flask, address: str, alice: User
) -> None:
    path = f"/inbox/conversations/{longest_talk()}"
    finished: list[Any] = []
    with visiting_anew(chromium, shop, address, alice) as page:
        page.on("requestfinished", lambda request: finished.append(request))
        page.goto(path, wait_until="networkidle")
        loaded = {request.url: weight(request) for request in finished}

    assert sum(loaded.values()) < PAGE_BYTES, loaded


def test_our_own_scripts_of_an_open_conversation_weigh_little(
    chromium: Any, shop: Flask, address: str, alice: User
) -> None:
    with visiting_anew(chromium, shop, address, alice) as page:
        page.goto(f"/inbox/conversations/{longest_talk()}", wait_until="networkidle")
        loaded = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")

    names = {match[1] for url in loaded if (match := re.search(r"/static/js/([\w-]+\.js)", url))}
    paths = (ROOT / "static" / "js").glob("*.js")
    scripts = {path.name: len(packed(path, path.stat().st_mtime_ns)) for path in paths}
    others = {name: size for name, size in scripts.items() if name not in names}
    assert {"app.js", "page.js", "composer.js"} <= names
    assert sum(scripts[name] for name in names) < SCRIPT_BYTES, scripts
    assert max(others.values()) < OTHER_SCRIPT_BYTES, others


def weight(request: Any) -> int:
    """Return the bytes of an answer as they travel. What is made for one request, Cloudflare packs."""
    response = request.response()
    is_page = any(kind in response.headers.get("content-type", "") for kind in ("html", "json"))
    travelled: int = request.sizes()["responseBodySize"]
    return len(gzip.compress(response.body())) if is_page else travelled
