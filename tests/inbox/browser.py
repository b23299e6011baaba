"""What the inbox's browser tests do over and over; their fixtures are in conftest."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from kiaai.extensions import db
from kiaai.models import User
from tests.browser import browsing, listening, returning
from tests.inbox.talk import hear

__all__ = ["drawn", "go_to", "hear", "open_thread", "visiting", "visiting_anew"]


WINDOW = {"width": 1440, "height": 900}


@contextmanager
def visiting(chromium: Any, app: Flask, address: str, user: User, **options: Any) -> Iterator[Any]:
    """Give a page of this person's own browser. At the end nothing may have been written to the console.

    options: of Playwright's `new_context`. Two people at once are two of these.
    """
    with (
        returning(chromium, address, **{"viewport": WINDOW, **options}) as context,
        _signed_in(context, app, address, user) as page,
    ):
        yield page


@contextmanager
def visiting_anew(chromium: Any, app: Flask, address: str, user: User, **options: Any) -> Iterator[Any]:
    """Give a page of a browser that never loaded anything, and that nobody uses afterwards."""
    with (
        browsing(chromium, **{"base_url": address, "viewport": WINDOW, **options}) as context,
        _signed_in(context, app, address, user) as page,
    ):
        yield page


@contextmanager
def _signed_in(context: Any, app: Flask, address: str, user: User) -> Iterator[Any]:
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    cookie = serializer.dumps({"_user_id": user.fs_uniquifier, "_fresh": True})
    db.session.rollback()
    context.add_cookies([{"name": "kiaai_session", "value": cookie, "url": address}])
    page = context.pages[0] if context.pages else context.new_page()
    with listening(page) as complaints:
        yield page
        page.wait_for_timeout(50)
    assert complaints == [], complaints


def open_thread(page: Any, conversation_id: int) -> None:
    """Show the conversation and wait until one may write."""
    page.goto(f"/inbox/conversations/{conversation_id}")
    page.locator("#message:focus").wait_for()


def go_to(page: Any, conversation_id: int, name: str) -> None:
    """Open another conversation from the list, and wait until one may write there."""
    page.locator(f"#conversation-{conversation_id} a").first.click()
    page.locator("#thread-head").get_by_text(name).wait_for()
    page.locator("#message:focus").wait_for()


def drawn(page: Any) -> None:
    """Wait until what came in is on the screen, and whatever follows it is done."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
