"""People in a real browser: found, selected, and moved on the board by hand and by keys."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select, update

from kiaai.extensions import db
from kiaai.models import Channel, Lead, User
from tests.conftest import make_conversation
from tests.inbox.browser import visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

BOARD = "/people?view=board"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def page(chromium: Any, app: Flask, address: str, alice: User, channel: Channel) -> Iterator[Any]:
    for n, name in enumerate(("Ana Uno", "Bruno Dos", "Carla Tres")):
        make_conversation(channel, f"5690000300{n}", name)
    with visiting(chromium, app, address, alice) as page:
        yield page


def statuses() -> dict[str | None, str]:
    found = db.session.execute(select(Lead.customer_name, Lead.lead_status)).all()
    db.session.rollback()
    return {row[0]: row[1] for row in found}


def test_what_is_looked_for_stands_in_the_address_and_comes_back(page: Any) -> None:
    page.goto("/people")
    rows = page.locator("#people-rows th")
    expect(rows).to_have_count(3)

    page.get_by_role("searchbox").press_sequentially("brun")
    expect(rows).to_have_count(1)
    page.wait_for_url("**/people?q=brun")
    page.get_by_role("link", name="Name").click()
    page.wait_for_url("**/people?q=brun&sort=name")
    page.go_back()
    page.wait_for_url("**/people?q=brun")

    expect(rows).to_have_text(["BDBruno Dos"])
    expect(page.get_by_role("searchbox")).to_have_value("brun")


def test_several_are_selected_changed_and_taken_back(page: Any) -> None:
    page.goto("/people?sort=name")
    page.get_by_label("Select Ana Uno").click()
    page.get_by_label("Select Carla Tres").click(modifiers=["Shift"])
    toolbar = page.get_by_role("toolbar")
    expect(toolbar).to_contain_text("3 selected")

    toolbar.get_by_role("button", name="Status").click()
    toolbar.get_by_role("button", name="Customer").click()
    expect(page.locator("#toasts")).to_contain_text("3 people moved to Customer.")
    expect(page.locator("#people-rows .dot-customer")).to_have_count(3)
    expect(toolbar).to_be_hidden()
    expect(page.locator("#pick-all")).to_be_focused()

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#people-rows .dot-unknown")).to_have_count(3)
    assert set(statuses().values()) == {"unknown"}


def test_a_card_is_dragged_to_another_column_and_back_by_undo(page: Any) -> None:
    page.goto(BOARD)
    card = page.locator(".person-card", has_text="Bruno")

    card.drag_to(page.locator("#column-customer"))

    expect(page.locator("#cards-customer")).to_contain_text("Bruno Dos")
    expect(page.locator("#toasts")).to_contain_text("Bruno Dos: Customer")
    assert statuses()["Bruno Dos"] == "customer"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#cards-unknown")).to_contain_text("Bruno Dos")
    assert statuses()["Bruno Dos"] == "unknown"


def test_a_card_is_moved_by_keys_alone_and_keeps_the_focus(page: Any) -> None:
    page.goto(BOARD)
    page.locator(".person-card", has_text="Ana").get_by_role("link").focus()

    page.keyboard.press("Shift+ArrowRight")
    link = page.locator("#cards-potential_client").get_by_role("link", name="Ana Uno")
    expect(link).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#move-menu").get_by_role("button", name="Bad lead").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#cards-bad_lead")).to_contain_text("Ana Uno")
    expect(page.locator("#toasts")).to_contain_text("Ana Uno: Bad lead")
    assert statuses()["Ana Uno"] == "bad_lead"


def test_the_keyboard_stays_on_the_board_when_a_card_lands_out_of_sight(page: Any, channel: Channel) -> None:
    for n in range(40):
        make_conversation(channel, f"569000031{n:02}", f"Lleno {n}").lead.lead_status = "potential_client"
    db.session.execute(update(Lead).where(Lead.customer_name == "Ana Uno").values(last_contact_at=LONG_AGO))
    db.session.commit()
    page.goto(BOARD)
    page.locator(".person-card", has_text="Ana").get_by_role("link").focus()

    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#toasts")).to_contain_text("Ana Uno: Potential client")

    expect(page.locator(".person-card", has_text="Ana")).to_have_count(0)
    expect(page.locator("#cards-unknown .person-card a:focus")).to_have_count(1)


def test_who_looks_at_the_board_sees_what_somebody_else_moved(
    page: Any, chromium: Any, app: Flask, address: str, bob: User
) -> None:
    page.goto(BOARD)
    with visiting(chromium, app, address, bob) as other:
        other.goto(BOARD)
        other.locator(".person-card", has_text="Carla").drag_to(other.locator("#column-bad_lead"))
        expect(other.locator("#cards-bad_lead")).to_contain_text("Carla Tres")

        expect(page.locator("#cards-bad_lead")).to_contain_text("Carla Tres")
