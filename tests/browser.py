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
# What Playwright switches off: of two such lists only the last counts, so ours has these too.
_OFF_IN_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
# Pages of its own that Chromium draws for each new window, below an address bar that nobody sees here: they
# cost more than what is tested.
_ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=" + ",".join((*_OFF_IN_PLAYWRIGHT, *_ADDRESS_BAR)),
]


# Every refused or lost request is reported as an error; where one is made, it is the point.
_REFUSALS = (
    "status of 401",
    "status of 422",
    "status of 503",
    "net::ERR_FAILED",
    "net::ERR_INTERNET_DISCONNECTED",
    "net::ERR_CONNECTION_REFUSED",
    "TypeError: Failed to fetch",
    "Service Worker registration blocked",
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
        _kept.clear()
        browser.close()


@contextmanager
def browsing(browser: Any, **options: Any) -> Iterator[Any]:
    """Give a context that waits for nothing longer than SOON. options: of Playwright's `new_context`."""
    context = _new_context(browser, options)
    try:
        yield context
    finally:
        context.close()


# Contexts that nobody uses now, by their options.
_kept: dict[str, list[Any]] = {}


@contextmanager
def returning(browser: Any, address: str, **options: Any) -> Iterator[Any]:
    """Give the context of somebody who was here before: scripts and sheets are in its cache, nothing else is.

    What a context cannot forget, such as scripts it runs in each page or a clock, wants `browsing`.
    """
    options = {"base_url": address, **options}
    idle = _kept.setdefault(repr(sorted(options.items())), [])
    context = idle.pop() if idle else _new_context(browser, options)
    try:
        _forget_all(context, address)
        yield context
        for page in context.pages:
            page.close()
    except BaseException:
        context.close()
        raise
    idle.append(context)


def _new_context(browser: Any, options: dict[str, Any]) -> Any:
    # Requests that pass a worker cannot be held back by `page.route`.
    context = browser.new_context(**{"service_workers": "block", **options})
    context.set_default_timeout(SOON)
    context.set_default_navigation_timeout(SOON)
    return context


def _forget_all(context: Any, address: str) -> None:
    """Leave nothing of this address but what its cache keeps."""
    page = context.new_page()
    kinds = "cookies,local_storage,indexeddb,cache_storage,service_workers"
    session = context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": kinds})
    session.detach()
    context.clear_cookies()


def poll(page: Any, is_done: Callable[[], object]) -> None:
    """Let the page go on until something has happened in this process, such as a request held back."""
    deadline = time.monotonic() + SOON / 1000
    while not is_done():
        assert time.monotonic() < deadline, "not in time"
        page.wait_for_timeout(20)


class Server:
    """The app on a port of loopback, 0 for a free one. It answers while it is open, else with 503."""

    def __init__(self, app: Flask, port: int = 0):
        self._app = app
        self._is_open = False
        self._busy = 0
        self._changed = threading.Condition()
        self._server = make_server("127.0.0.1", port, self._answer, threaded=True)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @contextmanager
    def open(self) -> Iterator[str]:
        """Answer; at the end wait for requests under way: a page that closes still tells of its draft."""
        self._change(is_open=True)
        try:
            yield self.address
        finally:
            self._change(is_open=False)
            with self._changed:
                self._changed.wait_for(lambda: not self._busy, timeout=5)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        with self._changed:
            is_open = self._is_open
            self._busy += is_open
        if not is_open:
            start_response("503 Service Unavailable", [])
            return [b""]
        try:
            return self._app(environ, start_response)
        finally:
            self._change(step=-1)

    def _change(self, step: int = 0, is_open: bool | None = None) -> None:
        with self._changed:
            self._busy += step
            self._is_open = self._is_open if is_open is None else is_open
            self._changed.notify_all()


@pytest.fixture(scope="session")
def web_server(app: Flask) -> Iterator[Server]:
    """Give the one server of this process: at the same address a browser finds what it has kept."""
    server = Server(app)
    yield server
    server.close()


@pytest.fixture
def address(web_server: Server, database: None) -> Iterator[str]:
    """Serve the app to browsers for as long as the test lasts. Only then is the database left as it was."""
    with web_server.open() as address:
        yield address


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
