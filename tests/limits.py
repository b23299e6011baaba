"""No test hangs: one that takes too long is named, every stack is shown, and its process ends."""

import faulthandler
import gc
import os
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from types import FrameType
from typing import TextIO

import psutil
import pytest
import pytest_timeout
from greenlet import greenlet

# Seconds; other tests have those of `timeout` in setup.cfg, or of their own mark.
FOLDERS = {"e2e": 180, "embedded": 180, "faults": 900}
CLEANING_SECONDS = 20

_TIMER = pytest.StashKey[threading.Timer]()
_TERMINAL = pytest.StashKey[TextIO]()
_last_acts: list[Callable[[], object]] = []


def before_the_end(act: Callable[[], object]) -> None:
    """Have this done also when the process is ended in the middle of a test: no fixture ends then."""
    _last_acts.append(act)


def pytest_configure(config: pytest.Config) -> None:
    # Taken before pytest begins to capture what tests print.
    config.stash[_TERMINAL] = os.fdopen(os.dup(2), "w")


def give_more_time(items: list[pytest.Item]) -> None:
    """Give tests of whole programs the time of their folder."""
    for item in items:
        seconds = next((FOLDERS[part] for part in item.path.parts if part in FOLDERS), None)
        if seconds and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> bool:
    """Take the place of pytest-timeout's own timers.

    A signal would break the loop that Playwright's calls run in, and does not reach a thread that waits
    for PostgreSQL. And neither of the two is still at work when a test that failed is cleaned up after.
    """
    timer = threading.Timer(settings.timeout, _end_the_process, [item, settings.timeout])
    timer.daemon = True
    item.stash[_TIMER] = timer
    timer.start()
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer() -> bool:
    """Go on: this is also asked when a test fails, with its cleaning up yet to come."""
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        if timer := item.stash.get(_TIMER, None):
            timer.cancel()
            timer.join()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let no thread that was forgotten keep the process from ending; a worker waits for the others."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        faulthandler.dump_traceback_later(60, exit=True, file=session.config.stash[_TERMINAL])


def _end_the_process(item: pytest.Item, seconds: float) -> None:
    if pytest_timeout.is_debugging():
        return
    terminal = item.config.stash[_TERMINAL]
    # Whatever happens from here on, it is over soon.
    faulthandler.dump_traceback_later(2 * CLEANING_SECONDS, exit=True, file=terminal)
    try:
        terminal.write(_report(item, seconds))
        terminal.flush()
        _clean_up()
    finally:
        os._exit(1)


def _report(item: pytest.Item, seconds: float) -> str:
    title = f"\n\n+++ {item.nodeid} did not end within {seconds:g} s +++\n"
    lines = [title]
    for name, frame in _stacks():
        lines += [f"\n~~~ {name} ~~~\n", *traceback.format_stack(frame)]
    capture = item.config.pluginmanager.getplugin("capturemanager")
    capture.suspend_global_capture(in_=True)
    said = "".join(capture.read_global_capture())
    return "".join([*lines, "\n~~~ what was printed ~~~\n", said, title])


def _stacks() -> Iterator[tuple[str, FrameType]]:
    """Give each thread's stack, and those of greenlets that wait: a test waits in one for its browser."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            yield names.get(ident, f"thread {ident}"), frame
    for found in gc.get_objects():
        if isinstance(found, greenlet) and found.gr_frame:
            yield "a waiting greenlet", found.gr_frame


def _clean_up() -> None:
    """End the programs that the test started, and what fixtures of the session hold."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    _, alive = psutil.wait_procs(children, CLEANING_SECONDS / 2)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    for act in _last_acts:
        act()
