"""From the click on a conversation to its thread on the screen, in a real browser."""

import statistics
from collections.abc import Iterator
from typing import Any

from bench.figures import Figure, at_most
from bench.people import signed_in
from bench.stage import Stage
from tests.browser import CHROMIUM, FLAGS, SOON

PART = "Clicks"
ROWS = 20
# The frame in which the thread stands, and then the moment after it is painted.
_MILLISECONDS_TO_THREAD = """(id) => new Promise((done) => {
  const began = performance.now();
  const look = () => document.querySelector(`#open[data-conversation="${id}"] #messages`)
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)))
    : requestAnimationFrame(look);
  document.querySelector(`#conversation-${id} a`).click();
  look();
})"""


def to_a_drawn_thread(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure clicks on the first rows of the list, each twice; the median counts."""
    from playwright.sync_api import sync_playwright

    with stage.web() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=SOON)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.context.set_extra_http_headers({"Cookie": signed_in(stage, port)})
        page.goto(f"http://127.0.0.1:{port}/")
        found = [page.evaluate(_MILLISECONDS_TO_THREAD, row) for row in [*_rows(page), *_rows(page)]]
        browser.close()
    yield at_most(PART, "click to drawn thread, median", statistics.median(found), 100, "ms", size)
    yield Figure(PART, "click to drawn thread, slowest", max(found), "ms", size)


def _rows(page: Any) -> list[str]:
    ids = page.locator("#conversation-rows > li[id^=conversation-]").evaluate_all(
        "rows => rows.map(r => r.id)"
    )
    return [row.removeprefix("conversation-") for row in ids[:ROWS]]
