"""The settings in a real browser: in their place, by keyboard, on a phone, and without a complaint."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from kiaai.extensions import db
from kiaai.models import CannedReply, Lead, Tag, User
from tests.inbox.browser import visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


@pytest.fixture
def page(chromium: Any, app: Flask, address: str, alice: User) -> Iterator[Any]:
    with visiting(chromium, app, address, alice) as page:
        yield page


@pytest.fixture
def phone(chromium: Any, app: Flask, address: str, alice: User) -> Iterator[Any]:
    options = {"viewport": {"width": 360, "height": 740}, "locale": "es-CL"}
    with visiting(chromium, app, address, alice, **options) as page:
        yield page


def keep(*rows: Any) -> None:
    db.session.add_all(rows)
    db.session.commit()


def test_a_reply_is_written_with_its_preview_beside_it(page: Any) -> None:
    page.goto("/settings/canned-replies")
    page.get_by_label("Shortcut").fill("hola")
    page.get_by_label("Text", exact=True).fill("Hola {{first_name}}, soy *{{agent}}*")

    expect(page.locator("#preview-new")).to_have_text("Hola Dana, soy Alice")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#toasts")).to_contain_text("Saved")
    expect(page.locator("#canned-replies summary")).to_contain_text("/hola")


def test_a_reply_is_found_and_changed_by_keyboard(page: Any) -> None:
    keep(CannedReply(shortcut="hola", text="Hola"), CannedReply(shortcut="pago", text="Con tarjeta"))
    page.goto("/settings/canned-replies")

    page.get_by_role("searchbox").focus()
    page.keyboard.type("tarjeta")
    expect(page.locator("#canned-replies details")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    shortcut = page.locator("#canned-replies details[open]").get_by_label("Shortcut")
    shortcut.fill("no vale")
    shortcut.press("Enter")

    expect(page.locator("#canned-replies .form-error")).to_contain_text("without spaces")
    shortcut.fill("pagar")
    shortcut.press("Enter")
    expect(page.locator("#canned-replies")).to_contain_text("/pagar")


def test_a_reply_is_deleted_only_after_a_question(page: Any) -> None:
    keep(CannedReply(shortcut="hola", text="Hola"))
    page.goto("/settings/canned-replies")
    page.locator("#canned-replies summary").click()

    page.once("dialog", lambda question: question.dismiss())
    page.get_by_role("button", name="Delete /hola").click()
    expect(page.locator("#canned-replies summary")).to_have_count(1)
    page.once("dialog", lambda question: question.accept())
    page.get_by_role("button", name="Delete /hola").click()

    expect(page.locator("#toasts")).to_contain_text("/hola was deleted")
    expect(page.locator("#canned-replies summary")).to_have_count(0)


def test_two_tags_become_one_on_a_phone(phone: Any) -> None:
    keep(Tag(name="vip", colour="green"), Tag(name="mejor", colour="blue"))
    keep(Lead(phone_number="56900000051", tags=["vip"]))
    phone.goto("/settings/tags")

    phone.locator("summary", has_text="vip").click()
    name = phone.locator("details[open]").get_by_label("Nombre")
    name.fill("mejor")
    name.press("Enter")
    expect(phone.get_by_role("alert")).to_contain_text("mejor")
    phone.get_by_role("button", name="Unirlas").click()

    expect(phone.locator("summary .chip")).to_have_count(1)
    assert phone.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("path", ["business", "canned-replies", "tags", "people", "keys", "hold", "journal"])
def test_no_page_is_wider_than_a_phone(phone: Any, path: str) -> None:
    phone.goto(f"/settings/{path}")

    wide = phone.evaluate(
        "[...document.querySelectorAll('.settings, .settings-body')].map(e => e.scrollWidth)"
    )
    assert max(wide) <= 360
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    current = phone.locator(".settings-nav [aria-current]").bounding_box()
    assert current["x"] >= 0 and current["x"] + current["width"] <= 360


def test_hours_are_set_by_keyboard_and_told(page: Any) -> None:
    page.goto("/settings/business")
    page.get_by_label("Monday, from").first.fill("09:00")
    page.get_by_label("Monday, until").first.fill("18:00")
    page.get_by_role("button", name="Monday's hours until Friday").click()
    expect(page.get_by_label("Friday, until").first).to_have_value("18:00")

    page.get_by_label("Name").fill("Casa Azul")
    page.get_by_label("Name").press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Saved")
    expect(page).to_have_title("Business · Casa Azul")
    expect(page.get_by_label("Friday, until").first).to_have_value("18:00")
