"""What the inbox's browser tests do over and over; their fixtures are in conftest."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from kiaai.extensions import db
from kiaai.models import User
from tests.browser import browsing, listening
from tests.inbox.talk import hear

__all__ = ["drawn", "hear", "open_thread", "visiting"]


@contextmanager
def visiting(chromium: Any, app: Flask, address: str, user: User, **options: Any) -> Iterator[Any]:
    """Give a page of this person's own browser. At the end nothing may have been written to the console.

    options: of Playwright's `new_context`. Two people at once are two of these.
    """
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    cookie = serializer.dumps({"_user_id": user.fs_uniquifier, "_fresh": True})
    db.session.rollback()
    options = {"viewport": {"width": 1440, "height": 900}, **options}
    with browsing(chromium, base_url=address, **options) as context:
        context.add_cookies([{"name": "kiaai_session", "value": cookie, "url": address}])
        page = context.new_page()
        with listening(page) as complaints:
            yield page
            page.wait_for_timeout(50)
    assert complaints == [], complaints


def open_thread(page: Any, conversation_id: int) -> None:
    """Show the conversation and wait until one may write."""
    page.goto(f"/inbox/conversations/{conversation_id}")
    page.locator("#message:focus").wait_for()


def drawn(page: Any) -> None:
    """Wait until what came in is on the screen, and whatever follows it is done."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
