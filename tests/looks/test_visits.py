"""The browsers of the tests: what they keep makes them quick, and is nothing that a test could meet."""

from typing import Any

import pytest
from flask import Flask

from kiaai.models import User
from tests.inbox.browser import visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

_FROM = """performance.getEntriesByType("resource")
  .filter(({ name }) => name.includes("?v=")).map(({ deliveryType }) => deliveryType)"""


def test_a_browser_comes_back_with_its_cache_and_nothing_else(
    chromium: Any, app: Flask, address: str, alice: User
) -> None:
    with visiting(chromium, app, address, alice) as page:
        page.goto("/")
        page.evaluate("localStorage.setItem('theme', sessionStorage.theme = document.cookie = 'light')")
    with visiting(chromium, app, address, alice) as page:
        page.goto("/")

        kept = page.evaluate("[localStorage.getItem('theme'), sessionStorage.theme ?? null, document.cookie]")
        sources = page.evaluate(_FROM)

    assert kept == [None, None, ""]
    assert set(sources) == {"cache"}
