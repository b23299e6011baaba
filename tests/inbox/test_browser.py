"""The inbox in a real browser: live, calm, by keyboard, on a phone, and without a single complaint."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from kiaai.extensions import db
from kiaai.models import Conversation
from tests.browser import poll
from tests.inbox.browser import drawn, go_to, hear, open_thread

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


def test_a_message_appears_without_a_reload(page: Any, talk: int) -> None:
    open_thread(page, talk)

    hear(talk, "Llegué recién")

    page.locator("#thread").get_by_text("Llegué recién").wait_for()
    page.locator(f"#conversation-{talk}").get_by_text("Llegué recién").wait_for()


def test_draft_and_focus_survive_polls(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("Estoy escrib")

    hear(talk, "¿Hola?")
    page.locator("#thread").get_by_text("¿Hola?").wait_for()
    page.keyboard.type("iendo")

    expect(page.locator("#message")).to_have_value("Estoy escribiendo")


def test_each_conversation_keeps_its_own_draft(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("para Dana")

    go_to(page, pedro, "Pedro")
    draft_there = page.locator("#message").input_value()
    go_to(page, talk, "Dana")

    expect(page.locator("#message")).to_have_value("para Dana")
    assert draft_there == ""


def test_enter_sends_and_shift_enter_breaks_the_line(page: Any, talk: int) -> None:
    open_thread(page, talk)

    page.keyboard.type("uno")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("dos")
    page.keyboard.press("Enter")
    page.keyboard.type("otro")
    page.keyboard.press("Enter")

    page.locator("#messages article").nth(3).wait_for()
    words = page.locator("#messages .words").all_inner_texts()
    assert words[-2:] == ["uno\ndos", "otro"]
    expect(page.locator("#message")).to_have_value("")


def test_a_late_answer_of_one_conversation_is_never_drawn_in_another(
    page: Any, talk: int, pedro: int
) -> None:
    open_thread(page, talk)
    held: list[Any] = []
    page.route(f"**/conversations/{talk}/messages?*", lambda route: held.append(route))
    hear(talk, "Soy Dana")
    with page.expect_request(f"**/conversations/{talk}/messages?*"):
        pass

    page.locator(f"#conversation-{pedro} a").click()
    page.locator("#thread").get_by_text("Soy Pedro").wait_for()
    for route in held:
        route.continue_()
    hear(pedro, "¿Hola?")
    page.locator("#thread").get_by_text("¿Hola?").wait_for()

    assert "Soy Dana" not in page.locator("#open").inner_text()


def test_older_messages_come_by_scrolling_up_and_stay(page: Any, dana: Conversation) -> None:
    conversation_id = dana.id
    for number in range(60):
        hear(conversation_id, f"Línea {number:02d}")
    open_thread(page, conversation_id)

    page.locator("#thread").evaluate("(thread) => thread.scrollTo(0, -thread.scrollHeight)")
    page.locator("#thread").get_by_text("Línea 00").wait_for()
    while_loading = page.locator("#thread").get_attribute("aria-live")
    hear(conversation_id, "Recién")
    page.locator("#thread").get_by_text("Recién").wait_for()

    expect(page.locator("#messages article")).to_have_count(61)
    assert (while_loading, page.locator("#thread").get_attribute("aria-live")) == ("off", "polite")
    expect(page.locator("#new-messages")).to_be_visible()
    drawn(page)
    assert page.locator("#thread").evaluate("(thread) => thread.scrollTop") < -100


def test_a_thread_at_its_end_stays_there_and_is_read(page: Any, talk: int) -> None:
    open_thread(page, talk)
    for number in range(12):
        hear(talk, f"Línea {number:02d}\n\n\n")

    page.locator("#thread").get_by_text("Línea 11").wait_for()
    page.locator(f"#conversation-{talk} .unread").wait_for(state="detached")

    poll(page, lambda: page.locator("#thread").evaluate("(thread) => Math.abs(thread.scrollTop)") < 5)
    poll(page, lambda: is_read(talk))


def is_read(conversation_id: int) -> bool:
    conversation = db.session.get_one(Conversation, conversation_id)
    is_read = conversation.unread_count == 0 and conversation.read_wamid is not None
    db.session.rollback()
    return is_read


def test_a_refused_message_keeps_its_text(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.locator("#message").fill("x" * 4097)
    expect(page.locator("#composer-count")).to_have_text("4097 / 4096")

    with page.expect_response(lambda response: response.status == 422):
        page.keyboard.press("Enter")

    page.locator("#composer .form-error").wait_for()
    expect(page.locator("#message")).to_have_value("x" * 4097)


def test_search_narrows_the_list_while_typing(page: Any, talk: int, pedro: int) -> None:
    page.goto("/")

    page.keyboard.press("/")
    page.keyboard.type("pedr")

    page.locator(f"#conversation-{talk}").wait_for(state="detached")
    expect(page.locator(f"#conversation-{pedro}")).to_be_visible()


def test_what_is_typed_as_soon_as_the_page_is_there_is_heard(new_page: Any, talk: int, pedro: int) -> None:
    # A busy browser: what waits for its next turn waits for long.
    new_page.add_init_script("""const wait = setTimeout;
        setTimeout = (task, time, ...values) => wait(task, time ?? 2000, ...values);
        addEventListener("DOMContentLoaded", () => {
            search.value = "pedr";
            search.dispatchEvent(new Event("input", { bubbles: true }));
        })""")

    new_page.goto("/")

    new_page.locator(f"#conversation-{talk}").wait_for(state="detached")
    expect(new_page.locator(f"#conversation-{pedro}")).to_be_visible()


def test_the_newest_conversation_moves_to_the_top(page: Any, talk: int, pedro: int) -> None:
    page.goto("/?order=newest")

    hear(talk, "Yo de nuevo")

    page.locator(f"#conversation-rows > li:first-child#conversation-{talk}").wait_for()


def test_a_phone_shows_one_pane_and_leads_back(page: Any, talk: int) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/")

    page.locator(f"#conversation-{talk} a").click()
    page.locator("#composer").wait_for()
    expect(page.locator("#conversations")).to_be_hidden()
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Back").click()

    page.locator("#conversations").wait_for()
    expect(page.locator("#composer")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"^http://[^/]+/$"))


def test_the_browsers_back_button_returns_to_the_conversation_before(
    page: Any, talk: int, pedro: int
) -> None:
    open_thread(page, talk)
    page.locator(f"#conversation-{pedro} a").click()
    page.locator("#thread-head").get_by_text("Pedro").wait_for()

    page.go_back()

    page.locator("#thread-head").get_by_text("Dana").wait_for()
    page.locator(f"#conversation-{talk} a[aria-current=true]").wait_for()


def test_taking_over_and_changing_the_lead_show_at_once(page: Any, talk: int) -> None:
    open_thread(page, talk)

    page.get_by_role("button", name="Take over").click()
    page.locator("#thread-head").get_by_text("You answer").wait_for()
    page.locator("#lead-status").select_option("customer")
    page.locator("#lead").get_by_text("set the status to Customer").wait_for()
    page.locator("#lead-notes").fill("Prefiere la tarde")
    page.locator("#lead-tags").focus()

    page.locator("#lead").get_by_text("changed the notes").wait_for()


def test_a_hidden_tab_does_not_poll(new_page: Any, talk: int) -> None:
    page = new_page
    page.clock.install()
    open_thread(page, talk)
    with page.expect_response(f"**/conversations/{talk}/messages?*"):
        page.clock.run_for(4_000)
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    # Whatever was on its way before is told of before this.
    page.evaluate("fetch('/healthz')")
    poll(page, lambda: "healthz" in asked)
    expect(page.locator(".htmx-request")).to_have_count(0)
    asked.clear()

    page.clock.run_for(60_000)
    page.evaluate("fetch('/readyz')")
    poll(page, lambda: "readyz" in asked)

    assert asked == ["readyz"]


def test_the_theme_can_be_switched_and_is_kept(page: Any, talk: int) -> None:
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    page.goto("/")
    first = page.evaluate(scheme)

    page.locator("[data-theme-toggle]").click()
    page.reload()

    assert {first, page.evaluate(scheme)} == {"dark", "light"}


@pytest.mark.faults
def test_a_lost_connection_is_said_and_replaces_nothing(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.route("**/inbox/conversations/**", lambda route: route.fulfill(status=503, body="away"))

    page.locator("html.connection-lost").wait_for()
    shown = page.locator("#messages article").count()
    page.unroute("**/inbox/conversations/**")
    page.locator("html:not(.connection-lost)").wait_for()

    assert shown == 2


def test_keys_move_through_the_list_and_open(page: Any, talk: int, pedro: int) -> None:
    page.goto("/")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    page.locator("#thread-head").get_by_text("Pedro").wait_for()
    page.locator("#message:focus").wait_for()


def test_single_keys_do_nothing_outside_the_list_or_once_they_are_off(page: Any, talk: int) -> None:
    open_thread(page, talk)
    focused = "document.activeElement.id || document.activeElement.className"

    page.locator("#take-over").focus()
    page.keyboard.press("/")
    in_a_button = page.evaluate(focused)
    page.goto("/")
    page.keyboard.press("?")
    page.get_by_label("Single keys work outside fields.").uncheck()
    page.keyboard.press("Escape")
    page.locator("#conversation-rows").focus()
    page.keyboard.press("j")
    when_off = page.evaluate(focused)
    page.get_by_role("button", name="All keys").click()
    page.get_by_label("Single keys work outside fields.").check()
    page.keyboard.press("Escape")
    page.locator("#conversation-rows").focus()
    page.keyboard.press("j")

    assert (in_a_button, when_off) == ("take-over", "conversation-rows")
    assert page.evaluate(focused) == "conversation"


def test_a_read_that_did_not_arrive_is_told_again(page: Any, talk: int) -> None:
    tries: list[str] = []

    def away_at_first(route: Any) -> None:
        tries.append(route.request.url)
        if len(tries) == 1:
            route.fulfill(status=503, body="away")
        else:
            route.continue_()

    page.route("**/read", away_at_first)
    open_thread(page, talk)

    page.locator(f"#conversation-{talk} .unread").wait_for(state="detached")
    assert len(tries) == 2


def test_what_a_failure_card_offers_works_without_losing_a_draft(page: Any, talk: int) -> None:
    hear(talk, "¿Sigue ahí?", direction="outgoing", status="failed", error_code=131026)
    hear(talk, "Un texto raro", direction="outgoing", status="failed", error_code=131009)
    open_thread(page, talk)
    page.keyboard.type("A medias")

    page.get_by_role("button", name="Mark the number as wrong").click()
    page.get_by_role("button", name="Undo the mark").wait_for()
    page.get_by_role("button", name="Change the text").click()

    expect(page.locator("#message")).to_have_value("Un texto raro\nA medias")
    page.locator("#lead").get_by_text("wrong number").first.wait_for()
