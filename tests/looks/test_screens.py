"""`make screens`: the pictures of docs/screens. Their only test is that nothing complains on the way."""

from typing import Any

import pytest
from flask import Flask

from kiaai.config import ROOT
from kiaai.models import User
from tests.inbox.browser import visiting
from tests.looks.conftest import longest_talk

pytestmark = [
    pytest.mark.screens,
    pytest.mark.services,
    pytest.mark.committed,
    pytest.mark.enable_socket,
]

SCREENS = ROOT / "docs" / "screens"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
# Name, address, window, theme, language.
STATES = (
    ("inbox", "/inbox/conversations/{talk}", DESKTOP, "dark", "en"),
    ("inbox-light", "/inbox/conversations/{talk}", DESKTOP, "light", "en"),
    ("inbox-spanish", "/inbox/conversations/{talk}", DESKTOP, "dark", "es"),
    ("inbox-phone", "/", PHONE, "dark", "en"),
    ("thread-phone", "/inbox/conversations/{talk}", PHONE, "dark", "en"),
    ("thread-phone-light", "/inbox/conversations/{talk}", PHONE, "light", "es"),
    ("search", "/?q=hora", DESKTOP, "dark", "en"),
    ("settings-canned-replies", "/settings/canned-replies", DESKTOP, "dark", "en"),
    ("settings-tags", "/settings/tags", DESKTOP, "light", "en"),
    ("settings-business", "/settings/business", DESKTOP, "dark", "es"),
)


@pytest.mark.parametrize(("name", "path", "window", "theme", "language"), STATES)
def test_take_a_picture(
    chromium: Any,
    shop: Flask,
    address: str,
    alice: User,
    name: str,
    path: str,
    window: dict[str, int],
    theme: str,
    language: str,
) -> None:
    options = {"locale": language, "color_scheme": theme, "viewport": window, "reduced_motion": "reduce"}
    with visiting(chromium, shop, address, alice, **options) as page:
        page.goto(path.format(talk=longest_talk()), wait_until="networkidle")
        page.screenshot(path=SCREENS / f"{name}.png")
