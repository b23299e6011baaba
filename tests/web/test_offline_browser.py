"""Without a connection there is a page that says so, keeps nothing of customers, and goes away by itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, abort
from playwright.sync_api import Error

from kiaai.extensions import db
from kiaai.models import Conversation, User
from kiaai.web import offline
from tests.browser import Server, poll
from tests.inbox.browser import visiting_anew
from tests.inbox.talk import hear
from tests.looks.test_every_page import _SERIOUS, AXE

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

_KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys())
      found.push([name, new URL(request.url).pathname, await (await cache.match(request)).text()]);
  }
  return found;
}"""
_HAS_WORKER = "navigator.serviceWorker.ready.then(() => {})"
_ROUTES = """performance.getEntriesByType("resource")
  .filter(({ initiatorType }) => initiatorType === "fetch")
  .map(({ workerMatchedSourceType }) => workerMatchedSourceType)"""
_LOOKS = """({
  ground: getComputedStyle(document.documentElement).backgroundColor,
  hasFont: [...document.fonts].some(({ family, status }) => family.includes("Inter") && status === "loaded"),
})"""


@pytest.fixture
def thread(dana: Conversation) -> str:
    """Dana has written. Result: the address of the conversation."""
    conversation_id = dana.id
    hear(conversation_id, "Mi secreto")
    db.session.rollback()
    return f"/inbox/conversations/{conversation_id}"


@pytest.fixture
def page(chromium: Any, app: Flask, address: str, alice: User, thread: str) -> Iterator[Any]:
    """Alice's browser, with the conversation on the screen and the worker in place."""
    with visiting_anew(chromium, app, address, alice, service_workers="allow") as page:
        open_with_worker(page, thread)
        yield page


def test_a_server_that_was_away_is_found_again(
    chromium: Any, app: Flask, alice: User, thread: str, database: None
) -> None:
    server = Server(app)
    with visiting_anew(chromium, app, server.address, alice, service_workers="allow") as page:
        with server.open():
            open_with_worker(page, thread)
        server.close()
        page.goto(thread)
        page.get_by_role("heading", name="No connection").wait_for()
        server = Server(app, int(server.address.rpartition(":")[2]))

        with server.open():
            page.locator("#thread").get_by_text("Mi secreto").wait_for()

            assert page.url == server.address + thread
            page.goto("about:blank")
        server.close()


def test_the_page_comes_back_with_the_network(page: Any) -> None:
    page.context.set_offline(True)
    page.goto("/settings/business#name")
    page.get_by_role("heading", name="No connection").wait_for()

    page.context.set_offline(False)

    page.get_by_role("heading", name="No connection").wait_for(state="detached")
    assert page.url.endswith("/settings/business#name")
    page.locator("main form").first.wait_for()


def test_one_may_try_oneself(page: Any, thread: str) -> None:
    page.context.set_offline(True)
    page.goto(thread)
    page.get_by_text("Last try:").wait_for()
    page.evaluate("document.isOld = true")

    page.get_by_role("link", name="Try now").click()

    page.wait_for_function("!document.isOld")
    page.get_by_role("heading", name="No connection").wait_for()
    assert page.url.endswith(thread)


def test_nothing_of_a_customer_is_kept(page: Any, thread: str) -> None:
    page.reload()
    page.goto("/?q=Dana")
    page.context.set_offline(True)
    page.goto(thread)
    page.get_by_role("heading", name="No connection").wait_for()

    kept = page.evaluate(_KEPT)

    assert len({name for name, _, _ in kept}) == 1
    assert [path for _, path, _ in kept if not path.startswith("/static/")] == ["/offline"]
    assert not [path for _, path, text in kept if "Dana" in text or "secreto" in text]


def test_what_a_server_in_trouble_says_is_shown(
    page: Any, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "style.index", lambda: abort(503))

    assert page.goto("/style").status == 503
    page.get_by_role("heading", name="The database does not answer").wait_for()


def test_a_form_that_did_not_arrive_is_not_sent_by_itself(page: Any) -> None:
    page.goto("/settings/business")
    page.context.set_offline(True)

    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"), page.expect_navigation():
        page.locator("main form[method=post]").first.evaluate("(form) => form.submit()")


@pytest.mark.parametrize(("theme", "ground"), [("dark", "rgb(12, 16, 20)"), ("light", "rgb(243, 245, 247)")])
def test_it_looks_as_all_pages_do_and_everybody_can_use_it(
    page: Any, thread: str, theme: str, ground: str
) -> None:
    lost: list[str] = []
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.context.set_offline(True)
    # What a browser still has from before could hide that something was not kept.
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.on("requestfailed", lambda request: lost.append(request.url))
    page.goto(thread)
    page.get_by_text("Last try:").wait_for()
    page.wait_for_function("document.fonts.status === 'loaded'")

    assert page.evaluate(_LOOKS) == {"ground": ground, "hasFont": True}
    assert not [url for url in lost if "/static/" in url]
    page.evaluate(AXE)
    assert page.evaluate(_SERIOUS) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_release_replaces_what_was_kept(page: Any, thread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "release", lambda: "next")

    page.goto(thread)

    poll(page, lambda: page.evaluate("caches.keys()") == ["offline-en-next"])


def test_polls_do_not_wake_the_worker(page: Any, thread: str) -> None:
    page.reload()
    with page.expect_response(lambda response: "/messages" in response.url):
        pass

    assert page.evaluate("navigator.serviceWorker.controller !== null")
    assert set(page.evaluate(_ROUTES)) == {"network"}


def test_where_browsers_have_no_workers_nothing_breaks(
    chromium: Any, app: Flask, address: str, alice: User, thread: str
) -> None:
    with visiting_anew(chromium, app, address, alice) as page:
        page.add_init_script("delete Navigator.prototype.serviceWorker")
        page.goto(thread)
        page.locator("#thread").get_by_text("Mi secreto").wait_for()

        assert page.evaluate("'serviceWorker' in navigator") is False


def open_with_worker(page: Any, path: str) -> None:
    page.goto(path)
    page.evaluate(_HAS_WORKER)
