"""The thread in a real browser: jumping, pictures, recordings, and conversations opened in haste."""

import re
from base64 import b64decode
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import expect

from kiaai.extensions import db
from kiaai.media import media_folder
from kiaai.models import Attachment, Conversation, Message
from tests.browser import poll
from tests.inbox.browser import drawn, hear, open_thread
from tests.inbox.test_thread_parts import tell_much

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]
# One grey dot.
PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
IN_VIEW = """(message) => {
    const inner = message.getBoundingClientRect();
    const outer = document.getElementById("thread").getBoundingClientRect();
    return inner.top >= outer.top && inner.bottom <= outer.bottom;
}"""


class LongTalk(NamedTuple):
    """A conversation of 400 messages, by their ids, the oldest first."""

    id: int
    messages: list[int]


@pytest.fixture
def long_talk(dana: Conversation) -> LongTalk:
    """Dana has written 400 messages."""
    talk = LongTalk(dana.id, tell_much(dana, 400))
    db.session.rollback()
    return talk


def test_the_line_above_what_is_new_stays_until_the_thread_is_left(page: Any, talk: int, pedro: int) -> None:
    hear(talk, "¿Sigue ahí?")
    open_thread(page, talk)
    line = page.locator("#unread-line")
    line.wait_for()
    page.locator(f"#conversation-{talk} .unread").wait_for(state="detached")
    hear(talk, "¿Hola?")
    page.locator("#thread").get_by_text("¿Hola?").wait_for()
    stayed = line.count()

    page.locator(f"#conversation-{pedro} a").click()
    page.locator("#thread").get_by_text("Soy Pedro").wait_for()
    page.locator(f"#conversation-{talk} a").click()
    page.locator("#thread").get_by_text("¿Hola?").wait_for()

    expect(line).to_have_count(0)
    assert stayed == 1


def test_a_hit_far_up_is_in_view_and_newest_is_one_click_away(page: Any, long_talk: LongTalk) -> None:
    page.goto(f"/inbox/conversations/{long_talk.id}?message={long_talk.messages[50]}")
    hit = page.locator(f"#message-{long_talk.messages[50]}")
    poll(page, lambda: hit.evaluate(IN_VIEW))

    page.get_by_role("button", name="Jump to newest").click()

    page.locator(f"#message-{long_talk.messages[-1]}").wait_for()
    page.locator("#new-messages").wait_for(state="hidden")
    poll(page, lambda: page.locator("#thread").evaluate("(thread) => thread.scrollTop") > -5)


def test_a_quote_leads_to_a_message_that_was_not_loaded(page: Any, long_talk: LongTalk) -> None:
    hear(long_talk.id, "Eso mismo", direction="outgoing", reply_to=_named(long_talk.messages[30]))
    open_thread(page, long_talk.id)

    page.locator("a.quote").click()

    quoted = page.locator(f"#message-{long_talk.messages[30]}")
    poll(page, lambda: quoted.evaluate(IN_VIEW))


def test_scrolling_down_from_a_hit_loads_on_without_a_jump(page: Any, long_talk: LongTalk) -> None:
    page.goto(f"/inbox/conversations/{long_talk.id}?message={long_talk.messages[50]}")
    page.locator(f"#message-{long_talk.messages[50]}").wait_for()
    # At once: what is loaded at the opening may come at any moment.
    seen = page.locator("#thread").evaluate("""(thread) => {
        const last = [...thread.querySelectorAll("article")].at(-1);
        thread.scrollTo(0, 0);
        return last.id;
    }""")
    page.locator(f"#{seen} ~ article").first.wait_for(state="attached")
    drawn(page)

    assert page.locator(f"#{seen}").evaluate(IN_VIEW)


def test_sending_from_far_up_shows_what_was_sent(page: Any, long_talk: LongTalk) -> None:
    page.goto(f"/inbox/conversations/{long_talk.id}?message={long_talk.messages[50]}")
    page.locator(f"#message-{long_talk.messages[50]}").wait_for()

    page.locator("#message").fill("Aquí estoy")
    page.keyboard.press("Enter")

    expect(page.locator("#messages article").last).to_contain_text("Aquí estoy")
    expect(page.locator(f"#message-{long_talk.messages[-1]}")).to_have_count(1)
    expect(page.locator("#thread-end")).to_have_count(0)


def test_a_refresh_never_moves_the_reader(page: Any, long_talk: LongTalk) -> None:
    open_thread(page, long_talk.id)
    page.locator("#thread").evaluate("(thread) => thread.scrollTo(0, -700)")
    page.locator("#new-messages").wait_for()
    drawn(page)
    where = "(message) => Math.round(message.getBoundingClientRect().top)"
    watched = page.locator(f"#message-{long_talk.messages[-12]}")
    before = watched.evaluate(where)

    hear(long_talk.id, "Otra cosa\n\n\nmás")
    page.locator("#thread").get_by_text("Otra cosa").wait_for(state="attached")
    drawn(page)

    assert watched.evaluate(where) == before
    expect(page.locator("#new-count")).to_have_text("1")


def test_the_conversation_clicked_last_is_shown_however_slow_the_first(
    page: Any, talk: int, pedro: int
) -> None:
    page.goto("/")
    held: list[Any] = []
    page.route(f"**/inbox/conversations/{talk}", lambda route: held.append(route))
    page.locator(f"#conversation-{talk} a").click()
    poll(page, lambda: held)

    page.locator(f"#conversation-{pedro} a").click()
    page.locator("#thread").get_by_text("Soy Pedro").wait_for()
    for route in held:
        route.fulfill(body='<div id="open" class="open" data-conversation="1">Dana</div>')
    hear(pedro, "¿Hola?")
    page.locator("#thread").get_by_text("¿Hola?").wait_for()

    assert "Pedro" in page.locator("#open").inner_text()
    assert page.evaluate("location.pathname") == f"/inbox/conversations/{pedro}"


def test_a_slow_answer_shows_a_skeleton(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    held: list[Any] = []
    page.route(f"**/inbox/conversations/{pedro}", lambda route: held.append(route))
    drawn = "getComputedStyle(document.getElementById('open'), '::after')"

    page.locator(f"#conversation-{pedro} a").click()
    page.wait_for_function(f"() => {drawn}.content !== 'none' && {drawn}.opacity === '1'")
    poll(page, lambda: held)
    held[0].continue_()

    page.locator("#thread").get_by_text("Soy Pedro").wait_for()
    page.wait_for_function(f"() => {drawn}.content === 'none'")


def test_pictures_open_large_and_lead_to_one_another(page: Any, talk: int) -> None:
    files = [picture(talk) for _ in range(2)]
    open_thread(page, talk)
    links = page.locator("a.picture")
    viewer = page.locator("#viewer")

    links.first.click()
    viewer.wait_for()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer-image")).to_have_attribute("src", re.compile(rf"/media/{files[1]}$"))
    expect(page.get_by_role("button", name="Next picture")).to_be_disabled()
    page.keyboard.press("Escape")
    viewer.wait_for(state="hidden")

    expect(links.first).to_be_focused()


def test_a_recording_keeps_the_speed_that_was_chosen(page: Any, talk: int) -> None:
    message_id = hear(talk, None, kind="audio")
    db.session.add(Attachment(message_id=message_id, mime_type="audio/ogg", state="stored", path="none"))
    db.session.commit()
    page.route("**/media/*", lambda route: route.fulfill(status=200, body="", content_type="audio/ogg"))
    open_thread(page, talk)

    page.locator("[data-faster]").click()
    page.reload()
    page.locator("audio").wait_for()

    poll(page, lambda: page.locator("audio").evaluate("(audio) => audio.playbackRate") == 1.5)


def test_the_question_mark_shows_all_keys_and_escape_closes_one_thing_at_a_time(page: Any, talk: int) -> None:
    page.set_viewport_size({"width": 1100, "height": 800})
    open_thread(page, talk)
    page.keyboard.press("Escape")
    page.locator("#show-lead").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.locator("#help").wait_for()

    page.keyboard.press("Escape")
    page.locator("#help").wait_for(state="hidden")
    lead_stayed = page.locator("#lead").is_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#lead")).to_be_hidden()
    assert lead_stayed


def picture(conversation_id: int) -> int:
    """Store a message with a picture. Result: the id of the attachment."""
    message_id = hear(conversation_id, None, kind="image")
    kept = media_folder().keep(message_id, PNG, is_durable=False)
    attachment = Attachment(message_id=message_id, mime_type="image/png", state="stored", path=kept.path)
    db.session.add(attachment)
    db.session.commit()
    attachment_id = attachment.id
    db.session.rollback()
    return attachment_id


def _named(message_id: int) -> str:
    """Give a message a wamid, so that another may answer it."""
    wamid = f"wamid.{message_id}"
    db.session.get_one(Message, message_id).message_id = wamid
    db.session.commit()
    return wamid
