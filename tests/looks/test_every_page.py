"""Every page can be used by everybody: axe finds nothing serious, in both themes and both languages.

That takes long, so it runs beside the faults.
"""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from kiaai.extensions import db
from kiaai.models import Article, BotTurn, Conversation, Import, Lead, OutgoingDelivery, User
from tests.inbox.browser import visiting
from tests.looks.conftest import longest_talk

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# Answers of these are no pages to look at: files, fragments of a page, words for programs.
_NO_PAGES = ("/api/openapi.json", "/static/", "/healthz", "/readyz", "/webhook", "/logout")
# By far the longest one, in English alone: looking at it takes as long as at a dozen others.
_LONG_PAGE = "/api/docs"
# What has the id of a thing in its address and is no page of its own: a fragment, a file, another way to one.
_PARTS_AND_FILES = {
    "accounts.first_admin_page",
    "accounts.invitation_page",
    "bot.turn_of_message",
    "hooks.deliveries",
    "imports.progress",
    "imports.refused",
    "inbox.all_history",
    "inbox.ask_to_erase",
    "inbox.canned_replies",
    "inbox.draft",
    "inbox.messages",
    "inbox.newer_messages",
    "inbox.older_messages",
    "inbox.reply_strip",
    "inbox.team",
    "media.file",
    "people.more_cards",
    "people.move_menu",
    "people.older_lines",
    "static",
}
# In so many parts all pages are looked at, so that no test takes long on a busy machine.
PARTS = 4
_SERIOUS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}"""
# Colours that are on their way from one theme to the other belong to neither; each that has come sends those
# on their way that inherit it.
_AT_REST = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  do {
    await frame();
    await frame();
  } while (document.getAnimations().some((animation) => animation instanceof CSSTransition));
}"""
_WHOLE = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
_CONTRAST = _SERIOUS.replace("{ resultTypes", '{ runOnly: ["color-contrast"], resultTypes')


@pytest.mark.faults
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("language", ["en", "es"])
def test_everybody_can_use_every_page(
    chromium: Any, shop: Flask, address: str, alice: User, language: str, part: int
) -> None:
    paths = [path for path in pages(shop, alice) if path != _LONG_PAGE]

    found = _troubles(chromium, shop, address, alice, language, paths[part::PARTS])

    assert not found, "\n".join(found)


@pytest.mark.faults
def test_everybody_can_use_the_long_page_of_the_api(
    chromium: Any, shop: Flask, address: str, alice: User
) -> None:
    found = _troubles(chromium, shop, address, alice, "en", [_LONG_PAGE])

    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["en", pytest.param("es", marks=pytest.mark.faults)])
def test_no_page_is_wider_than_a_phone(
    chromium: Any, shop: Flask, address: str, alice: User, language: str
) -> None:
    paths = pages(shop, alice)
    options = {"locale": language, "viewport": {"width": 360, "height": 740}}
    with visiting(chromium, shop, address, alice, **options) as page:
        wide = []
        for path in paths:
            page.goto(path)
            width, height = page.evaluate(_WHOLE)
            # Pages scroll below the navigation, never with it.
            if width > 360 or height > 740:
                wide.append(f"{path}: {width} x {height}")

    assert not wide, "\n".join(wide)


def test_no_page_is_forgotten(shop: Flask, alice: User) -> None:
    """A new page with the id of a thing in its address is added to those below, or to what is no page."""
    here = shop.url_map.bind("localhost")
    looked_at = {here.match(path.partition("?")[0])[0] for path in pages(shop, alice)}

    rules = [rule for rule in shop.url_map.iter_rules() if "GET" in (rule.methods or ()) and rule.arguments]
    others = {rule.endpoint for rule in rules if not rule.rule.startswith(("/api/", "/leads"))}

    assert others - looked_at == _PARTS_AND_FILES


def pages(app: Flask, user: User) -> list[str]:
    """Return the addresses of all pages: what answers with a whole document, and those of one thing each."""
    rules = [
        rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    paths = sorted({rule.rule for rule in rules if not rule.rule.startswith(_NO_PAGES)})
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
    whole = [path for path in paths if is_page(client.get(path))]
    assert len(whole) >= 8, f"these are not all pages: {whole}"
    assert _LONG_PAGE in whole
    found = [*whole, "/people?view=board", *_pages_of_people(), *_pages_of_bot(), *_pages_of_settings()]
    db.session.rollback()
    return found


def is_page(answer: TestResponse) -> bool:
    return answer.status_code == 200 and "<!doctype html>" in answer.text[:200].lower()


def _pages_of_people() -> list[str]:
    talk = longest_talk()
    lead = db.session.scalars(select(Conversation.lead_id).where(Conversation.id == talk)).one()
    other = db.session.scalars(select(Lead.id).where(Lead.id != lead).order_by(Lead.id)).first()
    of_lead = [f"/people/{lead}{page}" for page in ("", "/erasure", "/merge", f"/merge/{other}")]
    imports = [f"/people/import/{number}" for number in db.session.scalars(select(Import.id))]
    return [f"/inbox/conversations/{talk}", *of_lead, *imports]


def _pages_of_bot() -> list[str]:
    turn = db.session.scalars(select(BotTurn.id).order_by(BotTurn.id.desc())).first()
    article = db.session.scalars(select(Article.id)).first()
    return [f"/bot/turns/{turn}", f"/bot/conversations/{longest_talk()}/turns", f"/bot/articles/{article}"]


def _pages_of_settings() -> list[str]:
    delivery = db.session.scalars(select(OutgoingDelivery)).one()
    return [f"/settings/webhooks/{delivery.webhook_id}", f"/settings/webhooks/deliveries/{delivery.id}"]


def _troubles(
    chromium: Any,
    app: Flask,
    address: str,
    user: User,
    language: str,
    paths: list[str],
) -> list[str]:
    """Return all that axe finds on these pages, in the dark theme and the light one."""
    found: list[str] = []
    options = {"locale": language, "reduced_motion": "reduce", "color_scheme": "dark"}
    with visiting(chromium, app, address, user, **options) as page:
        for path in paths:
            page.goto(path)
            page.evaluate(AXE)
            found += [f"{path}: {what}" for what in page.evaluate(_SERIOUS)]
            page.emulate_media(color_scheme="light")
            page.evaluate(_AT_REST)
            found += [f"{path}, light: {what}" for what in page.evaluate(_CONTRAST)]
            page.emulate_media(color_scheme="dark")
    return found
