"""The list in a real browser: tabs, order, filters, search, several at once, and new conversations."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import update

from kiaai.extensions import db
from kiaai.inbox import list_state, queries
from kiaai.models import Channel, Conversation, Lead, Tag, User
from kiaai.web.filters import phone
from tests.browser import poll
from tests.conftest import make_conversation
from tests.inbox.browser import hear, visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def people(channel: Channel) -> list[int]:
    """Five customers, the first wrote last. Result: the ids of their conversations."""
    made = [make_conversation(channel, f"5690000001{n}", f"Persona {n}") for n in range(5)]
    for age, row in enumerate(made):
        row.last_message_at = datetime.now(UTC) - timedelta(hours=age)
    db.session.commit()
    ids = [row.id for row in made]
    db.session.rollback()
    return ids


def change(conversation_id: int, **columns: Any) -> None:
    """Change a conversation as if somebody else did, so that polls see it."""
    values = {**columns, "version": Conversation.version + 1}
    db.session.execute(update(Conversation).where(Conversation.id == conversation_id).values(values))
    db.session.commit()


def ids_of(page: Any) -> list[str]:
    found: list[str] = page.locator("#conversation-rows > .list-row").evaluate_all(
        "rows => rows.map(row => row.id)"
    )
    return found


def expect_rows(page: Any, conversation_ids: list[int]) -> None:
    """Wait until the list has these rows, in this order, and no other."""
    poll(page, lambda: ids_of(page) == [f"conversation-{each}" for each in conversation_ids])


def row(page: Any, conversation_id: int) -> Any:
    return page.locator(f"#conversation-{conversation_id}")


def select_row(page: Any, conversation_id: int, **click: Any) -> None:
    row(page, conversation_id).locator(".pick").click(**click)


def test_tab_order_and_filter_outlive_a_reload_with_a_conversation_open(page: Any, people: list[int]) -> None:
    change(people[0], state="closed")
    change(people[1], state="closed")
    db.session.execute(update(Lead).where(Lead.customer_name == "Persona 1").values(lead_status="customer"))
    db.session.commit()
    page.goto("/")
    page.locator("#order-newest").click()
    expect(page.locator("#order-newest")).to_have_attribute("aria-current", "true")
    row(page, people[2]).locator("a").click()
    page.locator(f"#open[data-conversation='{people[2]}']").wait_for()

    page.locator("#tab-more").click()
    page.locator("#tab-closed").click()
    row(page, people[0]).wait_for()
    page.locator("#filter").click()
    page.locator("#filter-customer").click()
    row(page, people[0]).wait_for(state="detached")
    page.reload()

    expect(page).to_have_url(re.compile(rf"/{people[2]}\?tab=closed&order=newest&status=customer$"))
    expect_rows(page, [people[1]])
    expect(page.locator("#open")).to_have_attribute("data-conversation", str(people[2]))
    page.locator("#no-status").click()
    row(page, people[0]).wait_for()
    expect(page.locator("#active-filters")).to_have_count(0)


def test_a_menu_stays_open_over_a_poll(page: Any, people: list[int]) -> None:
    page.goto("/")
    page.locator("#filter").click()

    hear(people[3], "Algo nuevo")
    row(page, people[3]).get_by_text("Algo nuevo").wait_for()

    expect(page.locator("#filters")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#filters")).to_be_hidden()


def test_a_search_finds_people_first_and_then_messages(page: Any, people: list[int]) -> None:
    message = hear(people[4], "¿Tienen hora para persona y media?")
    page.goto("/?tab=unread")
    page.keyboard.press("/")
    page.keyboard.type("Persona")

    page.locator("#found-messages mark").wait_for()
    expect(page.locator("#conversation-rows > .list-row")).to_have_count(5)
    expect(page.locator("#found-messages mark")).to_have_text("persona")
    page.locator(f"#found-{message} a").click()

    expect(page.locator("#open")).to_have_attribute("data-conversation", str(people[4]))
    expect(page).to_have_url(re.compile(rf"message={message}.*#message-{message}$"))
    page.locator(f"#messages #message-{message}").wait_for()


def test_messages_found_are_asked_for_once_and_survive_polls(page: Any, people: list[int]) -> None:
    hear(people[4], "Una palabra rara")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/found?" in request.url else None)
    page.goto("/")
    page.locator("#search").fill("rara")
    page.locator("#found-messages mark").wait_for()

    hear(people[0], "Otra cosa rara")
    change(people[2], unread_count=7)
    page.locator("#tab-unread .tab-count").get_by_text("3").wait_for()

    expect(page.locator("#found-messages mark")).to_have_count(1)
    assert len(asked) == 1


def test_an_emptied_search_comes_back_to_the_tab(page: Any, people: list[int]) -> None:
    change(people[0], unread_count=1)
    page.goto("/?tab=unread")
    page.locator("#search").fill("Persona")
    page.locator("#found-people").wait_for()

    page.locator("#search").fill("")
    page.locator("#found-people").wait_for(state="detached")

    expect_rows(page, [people[0]])
    expect(page).to_have_url(re.compile(r"/\?tab=unread$"))


def test_another_tab_ends_the_search(page: Any, people: list[int]) -> None:
    page.goto("/")
    page.locator("#search").fill("Persona 1")
    page.locator("#found-people").wait_for()

    page.locator("#tab-all").click()
    row(page, people[4]).wait_for()

    expect(page.locator("#search")).to_have_value("")


def test_of_several_one_that_was_just_written_in_stays(
    page: Any, people: list[int], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "LIST_POLL_SECONDS", 600)
    page.goto("/")
    select_row(page, people[0])
    select_row(page, people[1])
    hear(people[0], "Una cosa más")

    page.locator("#selected").get_by_role("button", name="Close", exact=True).click()

    page.locator("#toasts").get_by_text("1 has a new message, so it stays.").wait_for()
    row(page, people[1]).wait_for(state="detached")
    row(page, people[0]).get_by_text("Una cosa más").wait_for()


def test_several_are_closed_at_once_and_the_list_follows(page: Any, people: list[int]) -> None:
    page.goto("/")
    select_row(page, people[1])
    select_row(page, people[3], modifiers=["Shift"])
    expect(page.locator("#picked-count")).to_have_text("3")

    page.locator("#selected").get_by_role("button", name="Close", exact=True).click()

    page.locator("#toasts").get_by_text("3 conversations closed.").wait_for()
    expect(page.locator("#selected")).to_be_hidden()
    row(page, people[2]).wait_for(state="detached")
    expect_rows(page, [people[0], people[4]])


def test_several_are_assigned_and_tagged_from_menus(page: Any, people: list[int], bob: User) -> None:
    db.session.add(Tag(name="VIP", colour="red"))
    db.session.commit()
    page.goto("/")
    select_row(page, people[0])
    page.locator("#selected").get_by_role("button", name="Assign").click()
    page.locator("#assign-menu").get_by_role("button", name="Bob").click()
    row(page, people[0]).get_by_title("Assigned to Bob").wait_for()

    select_row(page, people[0])
    page.locator("#selected").get_by_role("button", name="Tag").click()
    page.locator("#tag-menu").get_by_role("button", name="VIP").click()

    row(page, people[0]).locator(".chip").get_by_text("VIP").wait_for()
    expect(page.locator("#tag-menu")).to_be_hidden()


def test_a_selection_survives_polls_and_ends_with_escape_or_another_tab(page: Any, people: list[int]) -> None:
    page.goto("/")
    select_row(page, people[1])
    hear(people[4], "Vengo arriba")
    page.locator(f"#conversation-rows > li:first-child#conversation-{people[4]}").wait_for()
    expect(row(page, people[1]).locator(".pick")).to_be_checked()
    expect(page.locator("#picked")).to_have_value(str(people[1]))

    page.keyboard.press("Escape")
    expect(page.locator("#selected")).to_be_hidden()
    select_row(page, people[1])
    page.locator("#tab-unread").click()
    row(page, people[0]).wait_for(state="detached")

    expect(page.locator("#selected")).to_be_hidden()


def test_a_selected_row_that_leaves_the_list_is_no_longer_selected(page: Any, people: list[int]) -> None:
    page.goto("/")
    select_row(page, people[1])
    select_row(page, people[2])

    change(people[1], state="closed")
    row(page, people[1]).wait_for(state="detached")

    expect(page.locator("#picked")).to_have_value(str(people[2]))


def test_keys_move_select_and_open(page: Any, people: list[int]) -> None:
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#picked")).to_have_value(str(people[1]))
    page.keyboard.press("x")
    expect(page.locator("#selected")).to_be_hidden()

    page.keyboard.press("Enter")

    expect(page.locator("#open")).to_have_attribute("data-conversation", str(people[1]))


def test_a_row_that_moved_while_older_ones_came_is_drawn_once(
    page: Any, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (queries, list_state):
        monkeypatch.setattr(module, "PAGE_ROWS", 3)
    held: list[Any] = []
    page.route("**/conversations/older?*", lambda route: held.append(route))
    page.route("**/inbox/conversations?*", lambda route: route.abort())
    page.goto("/?order=newest")
    row(page, people[2]).wait_for()
    change(
        people[0],
        last_message_at=datetime.now(UTC) - timedelta(hours=3, minutes=30),
        last_message_preview="Bajó",
    )

    poll(page, lambda: held)
    held[0].continue_()
    row(page, people[4]).wait_for()

    expect_rows(page, [people[n] for n in (1, 2, 3, 0, 4)])
    expect(row(page, people[0])).to_contain_text("Bajó")


def test_a_new_conversation_opens_from_the_keyboard(page: Any, channel: Channel) -> None:
    page.goto("/")
    page.keyboard.press("c")
    page.locator("#new-number:focus").wait_for()
    page.keyboard.type("56 9")
    page.locator("#new-form").get_by_role("button", name="Open conversation").click()
    page.locator("#new-state .form-error").wait_for()

    page.locator("#new-number").fill(phone("56900000123"))
    page.locator("#new-state").get_by_text("Chile").wait_for()
    page.keyboard.press("Enter")

    page.locator("#open[data-conversation]").wait_for()
    expect(page.locator("#new-conversation")).to_be_hidden()
    expect(page.locator("#thread-head")).to_contain_text(phone("56900000123"))
    expect(page).to_have_url(re.compile(r"/inbox/conversations/\d+$"))
    page.locator("#conversation-rows .list-row").wait_for()
    page.locator("[data-key=c]").click()
    expect(page.locator("#new-number")).to_have_value("")


def test_a_refused_number_keeps_what_was_typed(page: Any, channel: Channel) -> None:
    page.goto("/")
    page.locator("[data-key=c]").click()
    page.locator("#new-number").fill("12")

    page.keyboard.press("Enter")

    page.locator("#new-state .form-error").wait_for()
    expect(page.locator("#new-number")).to_have_value("12")


@pytest.mark.parametrize("language", ["en-US", "es-CL"])
def test_everything_is_in_reach_on_a_small_phone(
    chromium: Any, app: Flask, address: str, alice: User, people: list[int], language: str
) -> None:
    for number, each in enumerate(people):
        change(each, unread_count=90 + number, priority="high")
    with visiting(chromium, app, address, alice, locale=language, **PHONE) as page:
        page.goto("/")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.locator("#tab-unread").click()
        expect(page.locator("#tab-unread")).to_have_attribute("aria-current", "true")
        expect(page.locator("#tab-unread")).to_be_in_viewport(ratio=0.9)

        expect(row(page, people[0]).locator(".pick")).to_be_hidden()
        page.locator("#select-rows").click()
        row(page, people[0]).locator(".pick").click(position={"x": 200, "y": 20})
        expect(page.locator("#picked-count")).to_have_text("1")
        expect(page.locator("#selected")).to_be_in_viewport(ratio=1)
        page.locator("#select-none").click()
        row(page, people[0]).locator("a").click()

        page.locator("#open[data-conversation]").wait_for()
