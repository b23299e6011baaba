"""Every page can be used by everybody: axe finds nothing serious, in both themes and both languages."""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from kiaai.extensions import db
from kiaai.models import Article, BotTurn, OutgoingWebhook, User
from tests.inbox.browser import visiting
from tests.looks.conftest import longest_talk

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# Answers of these are no pages to look at: files, fragments of a page, words for programs.
_NO_PAGES = ("/api/openapi.json", "/static/", "/healthz", "/readyz", "/webhook", "/logout")
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
_CONTRAST = _SERIOUS.replace("{ resultTypes", '{ runOnly: ["color-contrast"], resultTypes')


@pytest.mark.parametrize("language", ["en", "es"])
def test_everybody_can_use_every_page(
    chromium: Any, shop: Flask, address: str, alice: User, language: str
) -> None:
    found: list[str] = []
    paths = pages(shop, alice)
    options = {"locale": language, "reduced_motion": "reduce", "color_scheme": "dark"}
    with visiting(chromium, shop, address, alice, **options) as page:
        for path in paths:
            page.goto(path)
            page.evaluate(AXE)
            found += [f"{path}: {what}" for what in page.evaluate(_SERIOUS)]
            page.emulate_media(color_scheme="light")
            page.evaluate(_AT_REST)
            found += [f"{path}, light: {what}" for what in page.evaluate(_CONTRAST)]
            page.emulate_media(color_scheme="dark")

    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_page_is_wider_than_a_phone(
    chromium: Any, shop: Flask, address: str, alice: User, language: str
) -> None:
    paths = pages(shop, alice)
    options = {"locale": language, "viewport": {"width": 360, "height": 740}}
    with visiting(chromium, shop, address, alice, **options) as page:
        wide = []
        for path in paths:
            page.goto(path)
            if (width := page.evaluate("document.documentElement.scrollWidth")) > 360:
                wide.append(f"{path}: {width}")

    assert not wide, "\n".join(wide)


def pages(app: Flask, user: User) -> list[str]:
    """Return the addresses of all pages: what answers with a whole document and needs no name of a thing."""
    rules = [
        rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    paths = sorted({rule.rule for rule in rules if not rule.rule.startswith(_NO_PAGES)})
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
    whole = [path for path in paths if is_page(client.get(path))]
    talk = longest_talk()
    turn = db.session.scalars(select(BotTurn.id).order_by(BotTurn.id.desc())).first()
    article = db.session.scalars(select(Article.id)).first()
    of_bot = [f"/bot/turns/{turn}", f"/bot/conversations/{talk}/turns", f"/bot/articles/{article}"]
    hook = f"/settings/webhooks/{db.session.scalars(select(OutgoingWebhook.id)).one()}"
    db.session.rollback()
    assert len(whole) >= 8, f"these are not all pages: {whole}"
    person = [f"/people/{talk}", f"/people/{talk}/erasure"]
    person.append(f"/people/{talk}/merge/{talk - 1 or talk + 1}")
    return [*whole, *of_bot, hook, "/people?view=board", *person, f"/inbox/conversations/{talk}"]


def is_page(answer: TestResponse) -> bool:
    return answer.status_code == 200 and "<!doctype html>" in answer.text[:200].lower()
