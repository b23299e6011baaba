"""The composer in real browsers: drafts in two tabs, colleagues at once, undo, notes, formatting, emoji."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import CannedReply, Draft, Message, Note, User
from tests.browser import poll
from tests.inbox.browser import go_to, hear, open_thread, visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


def box(page: Any) -> Any:
    return page.locator("#message")


def drafts() -> dict[int, str]:
    """Return the drafts that the server has, by conversation."""
    found = {draft.conversation_id: draft.text for draft in db.session.scalars(select(Draft))}
    db.session.rollback()
    return found


def saved(page: Any, conversation_id: int, text: str | None) -> None:
    """Wait until the server has this draft."""
    poll(page, lambda: drafts().get(conversation_id) == text)


def show(page: Any) -> None:
    """Tell the tab that it is in front again."""
    page.evaluate("dispatchEvent(new Event('focus'))")


def stored(model: Any) -> list[str]:
    texts = list(db.session.scalars(select(model.text).order_by(model.id)))
    db.session.rollback()
    return texts


@pytest.fixture
def can(app: Flask) -> None:
    db.session.add(CannedReply(shortcut="hola", text="Hola {{first_name}}, ¿en qué le ayudo?"))
    db.session.add(CannedReply(shortcut="hueco", text="Su código es {{codigo}}."))
    db.session.commit()


@pytest.fixture
def bobs_page(chromium: Any, app: Flask, address: str, bob: User) -> Iterator[Any]:
    with visiting(chromium, app, address, bob) as page:
        yield page


def test_a_draft_waits_on_the_server_for_the_next_browser(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("A medias")
    saved(page, talk, "A medias")
    page.evaluate("sessionStorage.clear()")

    open_thread(page, talk)

    expect(box(page)).to_have_value("A medias")


def test_switching_quickly_neither_loses_nor_mixes_drafts(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    for turn in range(3):
        page.keyboard.type(f"Dana {turn} ")
        go_to(page, pedro, "Pedro")
        page.keyboard.type(f"Pedro {turn} ")
        go_to(page, talk, "Dana")

    expect(box(page)).to_have_value("Dana 0 Dana 1 Dana 2 ")
    saved(page, talk, "Dana 0 Dana 1 Dana 2 ")
    saved(page, pedro, "Pedro 0 Pedro 1 Pedro 2 ")


@pytest.mark.faults
def test_a_draft_is_kept_while_the_server_is_away_and_saved_later(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    tries: list[str] = []

    def refuse(route: Any) -> None:
        tries.append(route.request.post_data)
        route.abort()

    page.route("**/draft", refuse)
    page.keyboard.type("Sin red")
    poll(page, lambda: tries)
    go_to(page, pedro, "Pedro")
    go_to(page, talk, "Dana")
    expect(box(page)).to_have_value("Sin red")

    page.unroute("**/draft")

    saved(page, talk, "Sin red")


def test_a_late_answer_does_not_bring_an_older_draft_back(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("viejo")
    saved(page, talk, "viejo")
    held: list[Any] = []
    page.route("**/draft", lambda route: held.append(route))
    page.keyboard.type(" y nuevo")
    poll(page, lambda: held)

    go_to(page, pedro, "Pedro")
    go_to(page, talk, "Dana")
    held[0].continue_()
    page.unroute("**/draft")

    expect(box(page)).to_have_value("viejo y nuevo")
    saved(page, talk, "viejo y nuevo")


def test_a_tab_takes_over_what_the_other_wrote_unless_it_is_written_in(page: Any, talk: int) -> None:
    open_thread(page, talk)
    other = page.context.new_page()
    open_thread(other, talk)

    other.keyboard.type("Del otro")
    saved(other, talk, "Del otro")
    show(page)
    expect(box(page)).to_have_value("Del otro")
    box(page).focus()
    page.keyboard.press("End")
    page.keyboard.type(" y de este")
    saved(page, talk, "Del otro y de este")
    other.keyboard.type("!")
    show(other)

    expect(box(other)).to_have_value("Del otro!")
    saved(other, talk, "Del otro!")
    other.close()


def test_sending_leaves_no_draft(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("Hola")
    saved(page, talk, "Hola")

    page.keyboard.press("Enter")

    page.locator("#messages article").nth(2).wait_for()
    saved(page, talk, None)
    page.reload()
    expect(box(page)).to_have_value("")


def test_a_draft_that_is_saved_late_does_not_bring_back_what_was_sent(page: Any, talk: int) -> None:
    open_thread(page, talk)
    held: list[Any] = []
    page.route("**/draft", lambda route: held.append(route))
    page.keyboard.type("Hola")
    poll(page, lambda: held)

    page.keyboard.press("Enter")
    page.locator("#messages article").nth(2).wait_for()
    # As if the tab had been closed: nothing that follows is saved.
    with page.expect_response("**/draft"):
        held[0].continue_()

    assert talk not in drafts()


def test_undo_brings_the_words_back_before_those_typed_since(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("Un eror")
    page.keyboard.press("Enter")
    page.locator("#messages [data-left]").wait_for()
    page.keyboard.type("y más")

    page.get_by_role("button", name="Undo").click()

    expect(box(page)).to_have_value("Un eror\ny más")
    expect(page.locator("#messages .status-cancelled")).to_have_count(1)


def test_ctrl_z_in_an_empty_box_takes_the_last_message_back(page: Any, talk: int) -> None:
    open_thread(page, talk)
    undone: list[str] = []
    page.on("request", lambda request: undone.append(request.url) if "/cancel" in request.url else None)
    page.keyboard.type("uno")
    page.keyboard.press("Enter")
    page.locator("[data-undo]").wait_for()
    page.keyboard.type("ab")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")

    page.keyboard.press("Control+z")

    expect(box(page)).to_have_value("uno")
    assert len(undone) == 1 and "cancelled" in statuses()


def statuses() -> list[str]:
    found = list(db.session.scalars(select(Message.status)))
    db.session.rollback()
    return found


def test_an_answer_quotes_its_message_and_the_quote_can_go(page: Any, talk: int) -> None:
    open_thread(page, talk)
    question = page.locator("#messages article").first
    question.hover()

    question.get_by_role("button", name="Reply").click()
    page.locator("#reply").get_by_text("¿Tienen hora mañana?").wait_for()
    page.get_by_role("button", name="Do not refer").click()
    expect(page.locator("#reply .reply-strip")).to_have_count(0)
    question.hover()
    question.get_by_role("button", name="Reply").click()
    page.locator("#reply .reply-strip").wait_for()
    page.keyboard.type("Sí")
    page.keyboard.press("Enter")

    page.locator("#messages article").nth(2).locator("a.quote").wait_for()
    expect(page.locator("#reply .reply-strip")).to_have_count(0)


def test_the_quote_is_part_of_the_draft(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    question = page.locator("#messages article").first
    question.hover()
    question.get_by_role("button", name="Reply").click()
    page.locator("#reply .reply-strip").wait_for()
    page.keyboard.type("Sí")

    go_to(page, pedro, "Pedro")
    expect(page.locator("#reply .reply-strip")).to_have_count(0)
    go_to(page, talk, "Dana")

    page.locator("#reply").get_by_text("¿Tienen hora mañana?").wait_for()
    expect(box(page)).to_have_value("Sí")


def test_formatting_keys_wrap_and_unwrap_and_can_be_undone(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("hola mundo")
    page.keyboard.press("Control+Shift+ArrowLeft")

    for key, text in (
        ("Control+b", "hola *mundo*"),
        ("Control+b", "hola mundo"),
        ("Control+i", "hola _mundo_"),
        ("Control+Shift+x", "hola _~mundo~_"),
        ("Control+z", "hola _mundo_"),
        ("Control+z", "hola mundo"),
    ):
        page.keyboard.press(key)

        expect(box(page)).to_have_value(text)


def test_formatting_buttons_keep_the_selection(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("uno dos ")
    page.keyboard.press("Control+a")

    page.get_by_role("button", name="Bold").click()
    page.get_by_role("button", name="Code").click()

    expect(box(page)).to_have_value("*```uno dos```* ")


def test_canned_replies_come_by_slash_filled_in(page: Any, talk: int, can: None) -> None:
    open_thread(page, talk)
    page.keyboard.type("/h")
    expect(page.locator("#canned [role=option]")).to_have_count(2)
    page.keyboard.type("ol")
    expect(page.locator("#canned [role=option]")).to_have_count(1)

    page.keyboard.press("Enter")

    expect(box(page)).to_have_value("Hola Dana, ¿en qué le ayudo?")
    expect(page.locator("#canned")).to_be_hidden()
    assert stored(Message)[2:] == []


def test_what_a_canned_reply_leaves_open_is_typed_over(page: Any, talk: int, can: None) -> None:
    open_thread(page, talk)
    page.keyboard.type("/hu")
    page.locator("#canned [role=option] mark").wait_for()

    page.keyboard.press("Tab")
    page.keyboard.type("1234")

    expect(box(page)).to_have_value("Su código es 1234.")


def test_escape_leaves_the_slash_alone(page: Any, talk: int, can: None) -> None:
    open_thread(page, talk)
    page.keyboard.type("/h")
    page.locator("#canned [role=option]").first.wait_for()

    page.keyboard.press("Escape")
    page.keyboard.type("ol")
    page.keyboard.press("Enter")

    page.locator("#messages").get_by_text("/hol").wait_for()


def test_a_note_goes_to_the_team_alone(page: Any, bobs_page: Any, talk: int) -> None:
    open_thread(page, talk)
    open_thread(bobs_page, talk)
    bobs_page.locator("body").click(position={"x": 1, "y": 1})

    page.get_by_text("Note", exact=True).click()
    expect(page.get_by_text("Only your team sees this.")).to_be_visible()
    page.keyboard.type("Ojo: es VIP")
    page.keyboard.press("Enter")

    page.locator("#messages .note").get_by_text("Ojo: es VIP").wait_for()
    bobs_page.locator("#messages .note").get_by_text("Ojo: es VIP").wait_for()
    assert stored(Note) == ["Ojo: es VIP"] and "Ojo: es VIP" not in stored(Message)


def test_a_note_that_met_no_connection_never_becomes_a_message(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.route("**/messages", lambda route: route.abort())
    page.get_by_text("Note", exact=True).click()
    page.keyboard.type("interno")
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("interno")
    page.unroute("**/messages")

    page.keyboard.press("Enter")

    page.locator("#messages .note").wait_for()
    assert stored(Note) == ["interno"] and "interno" not in stored(Message)


def test_own_notes_can_be_deleted(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.get_by_text("Note", exact=True).click()
    page.keyboard.type("mal")
    page.keyboard.press("Enter")

    page.get_by_role("button", name="Delete this note").click()

    expect(page.locator("#messages .note")).to_have_count(0)


def test_a_closed_window_says_why_and_leaves_notes(page: Any, talk: int) -> None:
    from datetime import UTC, datetime, timedelta

    hear(talk, "Hace mucho", timestamp=datetime.now(UTC) - timedelta(days=2))
    page.goto(f"/inbox/conversations/{talk}")

    expect(page.locator(".window-closed")).to_be_visible()
    expect(box(page)).to_be_hidden()
    page.get_by_text("Note", exact=True).click()
    page.keyboard.type("Llamar por teléfono")
    page.keyboard.press("Enter")

    page.locator("#messages .note").wait_for()
    assert stored(Note) == ["Llamar por teléfono"]


def test_a_draft_stays_in_sight_when_the_window_closes_and_is_not_sent(page: Any, talk: int) -> None:
    from datetime import UTC, datetime, timedelta

    open_thread(page, talk)
    page.keyboard.type("Casi a tiempo")
    hear(talk, "Hace mucho", timestamp=datetime.now(UTC) - timedelta(days=2))
    page.locator("#window-state.is-closed").wait_for()

    page.keyboard.press("Enter")

    expect(box(page)).to_have_value("Casi a tiempo")
    expect(page.locator(".composer-send")).to_be_hidden()
    saved(page, talk, "Casi a tiempo")


def test_a_colleague_is_seen_while_they_write(page: Any, bobs_page: Any, talk: int) -> None:
    open_thread(page, talk)
    open_thread(bobs_page, talk)
    page.locator("#presence").get_by_text("Bob has this open too").wait_for()

    bobs_page.keyboard.type("Estimada")

    page.locator("#presence").get_by_text("Bob is writing").wait_for()
    bobs_page.locator("#presence").get_by_text("Alice has this open too").wait_for()


def test_emoji_are_found_in_both_languages_and_go_to_the_cursor(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("Hola !")
    page.keyboard.press("ArrowLeft")

    page.get_by_role("button", name="Emoji").click()
    page.locator("#emoji-search:focus").wait_for()
    page.keyboard.type("corazón rojo")
    expect(page.locator("#emoji-found button").first).to_have_text("❤️")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Emoji").click()
    page.locator("#emoji-search:focus").wait_for()
    # All groups again: what was sought before is forgotten.
    page.locator("#emoji-found section:nth-child(2)").wait_for()
    page.keyboard.type("thumbs up")
    expect(page.locator("#emoji-found button").first).to_have_text(re.compile("^👍"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(box(page)).to_have_value("Hola ❤️👍!")


def test_the_emoji_say_that_nothing_was_found_only_when_it_is_so(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.locator("[popovertarget=emoji]").click()
    page.locator("#emoji-search:focus").wait_for()
    page.locator("#emoji-found button").first.wait_for()

    expect(page.locator(".emoji-none")).to_be_hidden()
    page.locator("#emoji-search").fill("qqqq")
    page.locator(".emoji-none").wait_for()


def test_escape_closes_the_emoji_and_returns_to_the_words(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.get_by_role("button", name="Emoji").click()
    page.locator("#emoji-found button").first.wait_for()

    page.keyboard.press("Escape")

    expect(page.locator("#emoji")).to_be_hidden()
