"""A real browser on a real server with real commits, and everything it complained about."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

CHROMIUM = "/usr/bin/chromium"
SOON = 20_000  # milliseconds: longer than any poll, also on a busy machine
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Every refused or lost request is reported as an error; where one is made, it is the point.
_REFUSALS = (
    "status of 401",
    "status of 422",
    "status of 503",
    "net::ERR_FAILED",
    "TypeError: Failed to fetch",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Give the one browser that all tests share; each has a context of its own."""
    _require_chromium()
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=SOON)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=SOON)
        yield browser
        browser.close()


@contextmanager
def browsing(browser: Any, **options: Any) -> Iterator[Any]:
    """Give a context that waits for nothing longer than SOON. options: of Playwright's `new_context`."""
    context = browser.new_context(**options)
    context.set_default_timeout(SOON)
    context.set_default_navigation_timeout(SOON)
    try:
        yield context
    finally:
        context.close()


def poll(page: Any, is_done: Callable[[], object]) -> None:
    """Let the page go on until something has happened in this process, such as a request held back."""
    deadline = time.monotonic() + SOON / 1000
    while not is_done():
        assert time.monotonic() < deadline, "not in time"
        page.wait_for_timeout(20)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve the app on a free port of loopback; yield its address."""
    requests = _Requests(app)
    server = make_server("127.0.0.1", 0, requests, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
        requests.join(timeout=5)


class _Requests:
    """The app, and how many requests it is busy with: a page that closes still tells of its draft."""

    def __init__(self, app: Flask):
        self._app = app
        self._busy = 0
        self._changed = threading.Condition()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self._add(1)
        try:
            return self._app(environ, start_response)
        finally:
            self._add(-1)

    def join(self, timeout: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, timeout)

    def _add(self, step: int) -> None:
        with self._changed:
            self._busy += step
            self._changed.notify_all()


@contextmanager
def listening(page: Any) -> Iterator[list[str]]:
    """Collect errors of the console, of scripts, and of the content security policy."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("console", lambda line: complaints.append(line.text) if _is_complaint(line) else None)
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " (e) => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI));"
    )
    yield complaints


def _is_complaint(line: Any) -> bool:
    is_refusal = any(text in line.text for text in _REFUSALS)
    return line.type in ("error", "warning") and not is_refusal


def _require_chromium() -> None:
    """Skip with the reason where there is no browser; where all programs must be there, fail."""
    if shutil.which(CHROMIUM):
        return
    if os.environ.get("KIAAI_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{CHROMIUM} is missing")
    pytest.skip(f"{CHROMIUM} is missing")
