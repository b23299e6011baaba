"""The composer in a real browser: no word is lost while answers are slow, refused, or never come."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import poll
from tests.inbox.browser import go_to, hear, open_thread

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


class SlowServer:
    """Holds back what the composer sends, until the test lets it go."""

    def __init__(self, page: Any, conversation_id: int):
        self.page = page
        self.waiting: list[Any] = []
        self.posts = f"**/conversations/{conversation_id}/messages"
        page.route(self.posts, lambda route: self.waiting.append(route))

    def next(self) -> Any:
        """Return the next message that a browser sent, once it is there."""
        poll(self.page, lambda: self.waiting)
        return self.waiting.pop(0)

    def answer(self) -> None:
        with self.page.expect_response(self.posts):
            self.next().continue_()

    def refuse(self, status: int) -> None:
        with self.page.expect_response(self.posts):
            self.next().fulfill(status=status, body="away")


def write(page: Any, text: str) -> None:
    """Write a message and send it."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def box(page: Any) -> Any:
    return page.locator("#message")


def words(page: Any, count: int) -> list[str]:
    """Return what the bubbles say, once there are so many."""
    page.locator("#messages article").nth(count - 1).wait_for()
    return list(page.locator("#messages .words").all_inner_texts())


def test_what_is_typed_while_two_messages_wait_stays(page: Any, talk: int) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)

    write(page, "uno")
    write(page, "dos")
    page.keyboard.type(" y tres")
    slow.answer()
    slow.answer()

    assert words(page, 4)[2:] == ["uno", "dos"]
    expect(box(page)).to_have_value(" y tres")


def test_three_messages_in_a_row_arrive_as_three(page: Any, talk: int) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)

    for text in ("uno", "dos", "tres"):
        write(page, text)
    for _ in range(3):
        slow.answer()

    assert words(page, 5)[2:] == ["uno", "dos", "tres"]
    expect(box(page)).to_have_value("")


def test_the_same_words_twice_are_two_messages(page: Any, talk: int) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)

    write(page, "Sí")
    write(page, "Sí")
    slow.answer()
    slow.answer()

    assert words(page, 4)[2:] == ["Sí", "Sí"]


def test_what_the_server_could_not_take_comes_back_in_order(page: Any, talk: int) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)

    for text in ("uno", "dos"):
        write(page, text)
    page.keyboard.type("tres")
    slow.refuse(503)
    slow.refuse(503)

    expect(box(page)).to_have_value("uno\ndos\ntres")
    expect(page.locator("#toasts .toast-error")).to_have_count(1)


def test_a_message_that_met_no_connection_comes_back_and_goes_once(page: Any, talk: int) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)
    write(page, "uno")
    first = slow.next()
    key = first.request.post_data_json["key"]
    first.abort()
    expect(box(page)).to_have_value("uno")

    page.keyboard.press("Enter")
    again = slow.next()
    again.continue_()

    assert again.request.post_data_json["key"] == key
    assert words(page, 3)[2:] == ["uno"]


def test_a_message_changed_after_it_came_back_is_a_new_one(page: Any, talk: int) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)
    write(page, "uno")
    slow.next().abort()
    expect(box(page)).to_have_value("uno")

    write(page, " más")
    slow.answer()

    assert words(page, 3)[2:] == ["uno más"]


def test_a_refusal_says_why_and_keeps_what_was_typed_since(page: Any, talk: int) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)
    page.locator("#message").fill("x" * 4097)
    page.keyboard.press("Enter")
    page.keyboard.type("y esto")

    slow.answer()

    page.locator("#composer-error").get_by_text("4097 characters; WhatsApp takes 4096").wait_for()
    expect(box(page)).to_have_value("x" * 4097 + "\ny esto")
    expect(page.locator("#composer-count")).to_have_text("4104 / 4096")


def test_a_message_refused_after_its_conversation_was_left_is_a_draft_there(
    page: Any, talk: int, pedro: int
) -> None:
    open_thread(page, talk)
    slow = SlowServer(page, talk)
    write(page, "para Dana")
    page.keyboard.type("y más")
    go_to(page, pedro, "Pedro")

    slow.refuse(503)
    page.locator("#toasts .toast-error").wait_for()
    there = box(page).input_value()
    go_to(page, talk, "Dana")

    expect(box(page)).to_have_value("para Dana\ny más")
    assert there == ""


def test_a_text_taken_back_to_change_it_is_counted_and_kept(page: Any, talk: int, pedro: int) -> None:
    hear(talk, "x" * 4000, direction="outgoing", status="failed", error_code=131009)
    open_thread(page, talk)

    page.get_by_role("button", name="Change the text").click()
    page.locator("#composer-count").get_by_text("4000 / 4096").wait_for()
    go_to(page, pedro, "Pedro")
    go_to(page, talk, "Dana")

    expect(box(page)).to_have_value("x" * 4000)
