"""Places where the product can be made to break on purpose, for tests: `KIAAI_FAULTS`."""

import os
import time
from collections.abc import Callable

from kiaai.errors import KiaAiError, SettingsError

EXIT_CODE = 70

_actions: dict[str, Callable[[], None]] = {}


class FaultInjected(KiaAiError):
    """Raised at a place that was told to raise."""


def configure(text: str) -> None:
    """Set what breaks where: `after_post:exit,before_commit:raise,before_post:sleep=2`; empty: nothing.

    Raises SettingsError when a part is not `place:raise`, `place:exit` or `place:sleep=SECONDS`.
    """
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
    if action := _actions.get(name):
        action()


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
