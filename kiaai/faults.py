"""Places where the product can be made to break on purpose, for tests: `KIAAI_FAULTS`."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from kiaai.errors import KiaAiError, SettingsError

log = logging.getLogger(__name__)

EXIT_CODE = 70

_actions: dict[str, Callable[[], None]] = {}


class FaultInjected(KiaAiError):
    """Raised at a place that was told to raise."""


class _Source:
    """The file that says what breaks, when it is to change while the program runs."""

    path: Path | None = None
    text = ""


def configure(text: str) -> None:
    """Set what breaks where: `after_post:exit,before_commit:raise,before_post:sleep=2`; empty: nothing.

    `@PATH` names a file with such a text, looked at anew each time; without the file nothing breaks.
    Raises SettingsError when a part is not `place:raise`, `place:exit` or `place:sleep=SECONDS`.
    """
    _Source.path, _Source.text = (Path(text[1:]), "") if text.startswith("@") else (None, text)
    _plan(_Source.text)


def _plan(text: str) -> None:
    actions = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, colon, action = part.partition(":")
        if not (name and colon):
            raise SettingsError(f"KIAAI_FAULTS has {part!r}, but each part must look like place:action")
        actions[name] = _action(name, action)
    _actions.clear()
    _actions.update(actions)


def fault_point(name: str) -> None:
    """Break here if told so. Costs one look into an empty dict otherwise."""
    if _Source.path:
        _read_again(_Source.path)
    if action := _actions.get(name):
        log.warning("Told to break at %s", name)
        action()


def _read_again(path: Path) -> None:
    text = path.read_text() if path.exists() else ""
    if text != _Source.text:
        _Source.text = text
        _plan(text)


def _action(name: str, action: str) -> Callable[[], None]:
    word, _, argument = action.partition("=")
    if word == "sleep":
        return _sleep(argument)
    if action == "raise":
        return _raise(name)
    if action == "exit":
        return lambda: os._exit(EXIT_CODE)
    raise SettingsError(
        f"KIAAI_FAULTS has the action {action!r}, but it must be raise, exit or sleep=SECONDS"
    )


def _sleep(argument: str) -> Callable[[], None]:
    try:
        seconds = float(argument)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise SettingsError(f"KIAAI_FAULTS has sleep={argument}, but it takes seconds from 0 to 3600")
    return lambda: time.sleep(seconds)


def _raise(name: str) -> Callable[[], None]:
    def act() -> None:
        raise FaultInjected(f"told to fail at {name}")

    return act
