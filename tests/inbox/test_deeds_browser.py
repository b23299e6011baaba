"""The head and the lead panel in a real browser: by mouse, by keyboard, by thumb, and while polls come in."""

import re
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from kiaai import clock
from kiaai.extensions import db
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation, User
from tests.browser import poll
from tests.inbox.browser import drawn, hear, open_thread, visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


# Whole ones once an opening menu has grown.
HEIGHTS = "(items) => items.map((item) => Math.round(item.getBoundingClientRect().height))"


def stored(conversation_id: int, name: str) -> Any:
    """Return what the database says now, and leave no transaction open."""
    db.session.rollback()
    value = getattr(db.session.get_one(Conversation, conversation_id), name)
    db.session.rollback()
    return value


def leave_the_composer(page: Any) -> None:
    page.locator("#message").evaluate("(box) => box.blur()")


def test_closed_by_a_key_and_taken_back_by_the_toast(page: Any, talk: int) -> None:
    open_thread(page, talk)
    leave_the_composer(page)

    page.keyboard.press("e")
    page.locator("#reopen").wait_for()
    state = stored(talk, "state")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    page.locator("#close").wait_for()

    assert (state, stored(talk, "state")) == ("closed", "open")
    expect(page.locator("#toasts .toast")).to_have_count(0)
    expect(page.locator("#thread").get_by_text("a las diez")).to_be_visible()


def test_what_arrives_before_the_click_is_shown_instead_of_hidden(
    page: Any, talk: int, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "THREAD_POLL_SECONDS", 600)
    open_thread(page, talk)
    leave_the_composer(page)
    hear(talk, "Una cosa más")

    page.keyboard.press("e")

    page.locator("#toasts").get_by_text("A new message has just arrived").wait_for()
    expect(page.locator("#thread").get_by_text("Una cosa más")).to_be_in_viewport()
    assert stored(talk, "state") == "open"
    page.keyboard.press("e")
    page.locator("#reopen").wait_for()


def test_a_sentence_typed_where_no_composer_is_does_no_deed(page: Any, talk: int) -> None:
    db.session.get_one(Conversation, talk).lead.blocked_at = clock.now()
    db.session.commit()
    db.session.rollback()
    page.goto(f"/inbox/conversations/{talk}")
    page.locator("#thread").get_by_text("a las diez").wait_for()
    expect(page.locator("#message")).to_be_hidden()

    page.keyboard.type("es que así se ve", delay=60)
    page.wait_for_timeout(500)

    assert stored(talk, "state") == "open"
    expect(page.locator(":popover-open")).to_have_count(0)
    page.wait_for_timeout(700)
    page.keyboard.press("e")
    page.locator("#reopen").wait_for()


def test_the_list_shows_a_deed_before_its_poll(
    page: Any, talk: int, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "LIST_POLL_SECONDS", 600)
    open_thread(page, talk)
    leave_the_composer(page)

    page.keyboard.press("e")

    page.locator(f"#conversation-{talk}").wait_for(state="detached")


def test_a_key_does_nothing_to_a_conversation_that_is_being_left(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    leave_the_composer(page)
    held: list[Any] = []
    page.route(f"**/inbox/conversations/{pedro}", lambda route: held.append(route))
    page.locator(f"#conversation-{pedro} a").click()
    poll(page, lambda: held)

    page.keyboard.press("e")
    held[0].continue_()
    page.locator("#thread-head").get_by_text("Pedro").wait_for()

    assert (stored(talk, "state"), stored(pedro, "state")) == ("open", "open")


def test_a_keyboard_stays_on_the_button_that_took_the_place_of_its_own(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.locator("#snooze").focus()
    page.keyboard.press("Tab")

    page.keyboard.press("Enter")

    page.locator("#reopen:focus").wait_for()


def test_assigned_by_keys_alone(page: Any, talk: int, alice: User) -> None:
    alice_id = alice.id
    db.session.rollback()
    open_thread(page, talk)
    leave_the_composer(page)

    page.keyboard.press("a")
    page.locator("#head-assign-menu .menu-item:focus").wait_for()
    page.keyboard.press("Enter")

    expect(page.locator("#assign")).to_have_text("You")
    assert stored(talk, "assignee_id") == alice_id
    expect(page.locator("#head-assign-menu")).to_be_hidden()
    page.locator("#lead").get_by_text("You assigned the conversation to Alice").wait_for()


def test_a_large_team_is_searched_by_typing(page: Any, talk: int) -> None:
    for number in range(9):
        db.session.add(User(email=f"p{number}@kia.example", name=f"Persona {number}"))
    db.session.commit()
    open_thread(page, talk)

    page.locator("#assign").click()
    page.locator("#team-q").fill("sona 7")
    expect(page.locator("#team-people .menu-item")).to_have_count(1)
    page.locator("#team-people .menu-item").click()

    expect(page.locator("#assign")).to_have_text("Persona 7")


def test_open_menus_and_what_is_typed_in_them_survive_polls(page: Any, talk: int) -> None:
    open_thread(page, talk)

    page.locator("#more").click()
    hear(talk, "¿Hola?")
    page.locator("#thread").get_by_text("¿Hola?").wait_for()
    expect(page.locator("#more-menu")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#snooze").click()
    page.locator("#snooze-until").fill("2030-01-02T10:30")
    hear(talk, "¿Están ahí?")
    page.locator("#thread").get_by_text("¿Están ahí?").wait_for()

    expect(page.locator("#snooze-menu")).to_be_visible()
    expect(page.locator("#snooze-until")).to_have_value("2030-01-02T10:30")


def test_snoozed_until_tomorrow_and_brought_back(page: Any, talk: int) -> None:
    open_thread(page, talk)
    leave_the_composer(page)

    page.keyboard.press("s")
    page.locator("#snooze-menu").get_by_role("button", name="Tomorrow").click()
    page.locator("#thread-head").get_by_text("Until").wait_for()
    state = stored(talk, "state")
    page.locator("#wake").click()
    page.locator("#snooze").wait_for()

    assert (state, stored(talk, "state")) == ("snoozed", "open")


def test_a_moment_that_has_passed_is_refused_beside_the_field(page: Any, talk: int) -> None:
    open_thread(page, talk)

    page.locator("#snooze").click()
    page.locator("#snooze-until").fill("2020-01-02T10:30")
    page.locator("#snooze-menu").get_by_role("button", name="Snooze").click()

    page.locator("#snooze-error").get_by_text("has passed").wait_for()
    expect(page.locator("#snooze-menu")).to_be_visible()
    assert stored(talk, "state") == "open"


def test_marked_as_unread_by_a_key_it_stays_unread(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.locator(f"#conversation-{talk} .unread").wait_for(state="detached")
    leave_the_composer(page)

    page.keyboard.press("u")

    page.locator(".open-nothing").wait_for()
    page.locator(f"#conversation-{talk} .unread").wait_for()
    assert stored(talk, "unread_count") == 1
    expect(page).to_have_url(re.compile("/$"))


def test_blocking_asks_first_and_can_be_undone(page: Any, talk: int) -> None:
    open_thread(page, talk)

    page.locator("#more").click()
    page.locator("#more-block").click()
    dialog = page.locator("#block-dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert stored(talk, "state") == "open"
    page.locator("#more").click()
    page.locator("#more-block").click()
    dialog.locator("#block").click()

    page.locator("#thread-head").get_by_text("Blocked").wait_for()
    assert stored(talk, "state") == "closed"
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#thread-head").get_by_text("Blocked")).to_have_count(0)


def test_the_history_is_deleted_after_a_question(page: Any, talk: int) -> None:
    open_thread(page, talk)

    page.locator("#more").click()
    page.locator("#more-erase").click()
    page.locator("#erase-dialog").get_by_text("2 messages").wait_for()
    page.locator("#erase").click()

    page.locator("#thread").get_by_text("Messages deleted by Alice").wait_for()
    expect(page.locator("#open")).not_to_contain_text("a las diez")


def test_a_member_finds_no_way_to_delete(
    chromium: Any, app: Flask, address: str, bob: User, talk: int
) -> None:
    with visiting(chromium, app, address, bob) as page:
        open_thread(page, talk)
        page.locator("#more").click()

        expect(page.locator("#more-block")).to_be_visible()
        expect(page.locator("#more-erase")).to_have_count(0)


def test_a_status_is_changed_and_taken_back(page: Any, talk: int) -> None:
    open_thread(page, talk)

    page.locator("#lead-status").select_option("customer")
    page.locator("#toasts").get_by_text("Status: Customer").wait_for()
    page.locator("#toasts").get_by_role("button", name="Undo").click()

    expect(page.locator("#lead .history li")).to_have_count(2)
    expect(page.locator("#lead-status")).to_have_value("unknown")


def test_a_change_by_somebody_else_is_not_taken_back(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.locator("#lead-status").select_option("customer")
    undo = page.locator("#toasts").get_by_role("button", name="Undo")
    undo.wait_for()

    pipeline.set_status(db.session.get_one(Conversation, talk).lead, "bad_lead", Actor("api"))
    db.session.commit()
    undo.click()

    page.locator("#toasts").get_by_text("Somebody changed this meanwhile").wait_for()
    expect(page.locator("#lead-status")).to_have_value("bad_lead")


def test_tags_are_added_and_removed_as_chips(page: Any, talk: int) -> None:
    open_thread(page, talk)

    for tag in ("vip", "nueva"):
        page.locator("#lead-tags").fill(tag)
        page.keyboard.press("Enter")
        page.locator("#lead-chips").get_by_text(tag).wait_for()
        expect(page.locator("#lead-tags")).to_have_value("")
    page.get_by_role("button", name="Remove the tag vip").click()

    expect(page.locator("#lead-chips .chip")).to_have_count(1)


def test_all_of_a_long_history_opens_in_a_window_of_its_own(page: Any, talk: int) -> None:
    lead = db.session.get_one(Conversation, talk).lead
    for number in range(30):
        pipeline.rename(lead, f"Nombre {number:02d}", Actor("api"))
    db.session.commit()
    open_thread(page, talk)

    page.locator("#all-history").click()
    page.locator("#timeline li").last.scroll_into_view_if_needed()

    expect(page.locator("#timeline li")).to_have_count(30)


def test_a_phone_has_all_of_it_in_one_menu_in_reach_of_thumbs(
    chromium: Any, app: Flask, address: str, alice: User, talk: int
) -> None:
    options = {"viewport": {"width": 360, "height": 740}, "locale": "es-CL", "has_touch": True}
    with visiting(chromium, app, address, alice, **options) as page:
        page.goto(f"/inbox/conversations/{talk}")
        page.locator("#more").click()

        items = page.locator("#more-menu .menu-item:visible")
        items.nth(8).wait_for()
        poll(page, lambda: min(items.evaluate_all(HEIGHTS)) >= 44)
        for control in ("#more", "#show-lead", "#back"):
            box = page.locator(control).bounding_box()
            assert box["height"] >= 44 and box["width"] >= 44 and box["x"] + box["width"] <= 360
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.locator("#more-snooze").click()
        page.locator("#snooze-menu .menu-item").first.click()
        # Other badges are there from the start.
        page.locator("#thread-head .badge", has_text="Hasta").wait_for()
        expect(page.locator("#more-menu")).to_be_hidden()
        assert stored(talk, "state") == "snoozed"
        page.locator("#show-lead").click()
        page.locator("#lead").wait_for()
        drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_undo_waits_ten_seconds_and_longer_under_the_pointer(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.locator("#lead-status").select_option("customer")
    toast = page.locator("#toasts .toast")
    leave = "(toast) => toast.getAnimations().find(({ animationName }) => animationName === 'overlay-out')"

    delay = toast.evaluate(f"(toast) => ({leave})(toast).effect.getTiming().delay")
    toast.hover()
    poll(page, lambda: toast.evaluate(f"(toast) => ({leave})(toast).playState") == "paused")
    page.mouse.move(0, 0)
    toast.evaluate(f"(toast) => ({leave})(toast).finish()")

    assert delay == 10_000
    expect(toast).to_have_count(0)
