"""Draw the icons of the installed app from the favicon, into static/icons: python -m tests.web.draw_icons."""

from pathlib import Path
from typing import Any

from kiaai.config import ROOT
from tests.browser import CHROMIUM, FLAGS

ICONS = ROOT / "static" / "icons"
# Phones cut icons to a shape of their own: a maskable one has no corners, and its sign stays in the middle.
SIZES = {"icon-192": 192, "icon-512": 512, "maskable-192": 192, "maskable-512": 512, "apple-touch-icon": 180}
_MIDDLE = '<g transform="translate(16 16) scale(.76) translate(-16 -16)"><path'


def main() -> None:
    """Draw all of them."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, size in SIZES.items():
            draw(browser, ICONS / f"{name}.png", size, is_round=name.startswith("icon"))
        browser.close()


def draw(browser: Any, path: Path, size: int, is_round: bool) -> None:
    """Draw one. is_round: with corners of its own, and nothing behind them."""
    page = browser.new_page(viewport={"width": size, "height": size})
    page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{size}px}}</style>{sign(is_round)}")
    page.screenshot(path=str(path), omit_background=is_round)
    page.close()


def sign(is_round: bool) -> str:
    """Return the favicon, or the same on a ground without corners."""
    svg = (ICONS / "favicon.svg").read_text()
    if is_round:
        return svg
    return svg.replace(' rx="9"', "").replace("<path", _MIDDLE).replace("</svg>", "</g></svg>")


if __name__ == "__main__":
    main()
