"""An inbox that is not looked at: notifications, the title, lost connections, and two tabs that agree."""

import re
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from kiaai.extensions import db
from kiaai.models import User
from tests.browser import poll
from tests.inbox.browser import hear, open_thread, visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]
LISTEN = """
    window.told = [];
    window.Notification = class {
        static permission = "granted";
        static requestPermission = async () => "granted";
        constructor(name, { body }) { this.name = name; told.push(this); this.body = body; }
        close() {}
    };
"""


@pytest.fixture
def telling(new_page: Any) -> Any:
    """A browser that keeps its notifications, which its person has asked for."""
    new_page.context.add_init_script(LISTEN)
    new_page.context.add_init_script("localStorage.setItem('notifications', 'on')")
    return new_page


def told(page: Any) -> list[list[str]]:
    found: list[list[str]] = page.evaluate("told.map(({ name, body }) => [name, body])")
    return found


def test_a_message_elsewhere_is_told_once_and_a_click_opens_it(telling: Any, talk: int, pedro: int) -> None:
    open_thread(telling, talk)
    other = telling.context.new_page()
    open_thread(other, talk)

    hear(pedro, "¿Hay alguien?")
    poll(telling, lambda: told(telling) or told(other))
    hear(pedro, "¿O nadie?")
    poll(telling, lambda: ["Pedro", "¿O nadie?"] in told(telling) + told(other))
    heard = [*told(telling), *told(other)]
    telling.evaluate("told[0].onclick()")

    assert heard == [["Pedro", "¿Hay alguien?"], ["Pedro", "¿O nadie?"]]
    telling.locator("#thread").get_by_text("¿Hay alguien?").wait_for()


def test_the_conversation_before_ones_eyes_is_not_told(telling: Any, talk: int, pedro: int) -> None:
    open_thread(telling, talk)

    with telling.expect_response("**/inbox/unread?*"):
        hear(talk, "Aquí mismo")
        telling.locator("#thread").get_by_text("Aquí mismo").wait_for()
        telling.evaluate("document.querySelector('[data-choice=sound]').click()")
    hear(pedro, "¿Y yo?")
    poll(telling, lambda: told(telling))

    assert told(telling) == [["Pedro", "¿Y yo?"]]


def test_nobody_is_asked_while_alerts_are_off(page: Any, talk: int, pedro: int) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "unread?" in request.url else None)
    open_thread(page, talk)

    hear(pedro, "¿Hay alguien?")
    page.locator(f"#conversation-{pedro}").get_by_text("¿Hay alguien?").wait_for()

    assert asked == []


def test_title_and_icon_carry_what_is_unread(page: Any, talk: int, pedro: int) -> None:
    open_thread(page, talk)
    icon = page.locator("link[rel=icon]")

    page.wait_for_function("() => document.title.startsWith('(1) ')")
    expect(icon).to_have_attribute("href", re.compile("favicon-unread"))
    page.locator(f"#conversation-{pedro} a").click()
    page.wait_for_function("() => !document.title.startsWith('(')")

    expect(icon).not_to_have_attribute("href", re.compile("favicon-unread"))


@pytest.mark.faults
def test_a_lost_connection_counts_rests_and_catches_up_at_once(page: Any, talk: int) -> None:
    open_thread(page, talk)
    page.keyboard.type("A medias")
    page.route("**/inbox/conversations**", lambda route: route.abort())
    bar = page.locator("#connection")
    bar.wait_for()
    tries: list[float] = []
    page.on("request", lambda request: tries.append(1) if request.method == "GET" else None)
    page.wait_for_timeout(3500)
    while_resting = len(tries)

    hear(talk, "Ya volví")
    page.unroute("**/inbox/conversations**")
    page.get_by_role("button", name="Try now").click()
    page.locator("#thread").get_by_text("Ya volví").wait_for()

    bar.wait_for(state="hidden")
    assert while_resting == 0
    expect(page.locator("#message")).to_have_value("A medias")


def test_a_new_release_says_so(page: Any, talk: int) -> None:
    open_thread(page, talk)

    def released(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "kiaai-release": "another"})

    page.route("**/messages?*", released)
    hear(talk, "Hola")

    page.locator("#new-release").get_by_text("A new version is here.").wait_for()


def test_a_session_that_ended_elsewhere_leads_to_sign_in_and_back(page: Any, talk: int, alice: User) -> None:
    open_thread(page, talk)

    db.session.get_one(User, alice.id).fs_uniquifier = "another"
    db.session.commit()
    db.session.rollback()

    page.wait_for_url(re.compile(rf"/login\?next=/inbox/conversations/{talk}$"))


def test_what_one_tab_reads_and_closes_the_other_shows(
    page: Any, chromium: Any, app: Flask, address: str, bob: User, talk: int
) -> None:
    with visiting(chromium, app, address, bob) as other:
        other.goto("/?tab=unread")
        other.locator(f"#conversation-{talk}").wait_for()

        open_thread(page, talk)
        other.locator(f"#conversation-{talk}").wait_for(state="detached")
        open_thread(other, talk)
        page.locator("#close").click()

        other.locator("#reopen").wait_for()
