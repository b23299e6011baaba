"""Look at everything at once, and answer in time whatever hangs."""

import threading
import time
from collections.abc import Callable, Iterator

from flask import Flask

from kiaai.doctor import ledger, model, surroundings, whatsapp
from kiaai.doctor.findings import Finding, look
from kiaai.texts import lazy

Examination = Callable[[Flask, float], Iterator[Finding]]

# Each runs on a thread of its own. The names are known beforehand, so that none can be missing.
_EXAMINATIONS: tuple[tuple[tuple[str, ...], Examination], ...] = (
    (ledger.NAMES, ledger.examine),
    (surroundings.NAMES, surroundings.examine),
    (whatsapp.NAMES, whatsapp.examine),
)


def examine(app: Flask, seconds: float = 10.0) -> list[Finding]:
    """Return a finding for each thing, after `seconds` at the latest. Never raises.

    Use it outside a transaction: what it looks at may be slow.
    """
    until = time.monotonic() + seconds
    wanted = [*_EXAMINATIONS]
    if model.is_wanted(app.extensions["settings"]):
        wanted.append((model.NAMES, model.examine))
    runs = [_Run(app, names, examination, until) for names, examination in wanted]
    return [finding for run in runs for finding in run.findings(until, seconds)]


class _Run:
    """One examination under way. A daemon, so that one that hangs holds up nobody's exit."""

    def __init__(self, app: Flask, names: tuple[str, ...], examination: Examination, until: float):
        self._app, self._names, self._examination, self._until = app, names, examination, until
        self._found: dict[str, Finding] = {}
        self._thread = threading.Thread(target=self._run, name=f"doctor-{names[0]}", daemon=True)
        self._thread.start()

    def findings(self, until: float, seconds: float) -> list[Finding]:
        """Return what was found until then; what is missing is a finding too."""
        self._thread.join(max(0.0, until - time.monotonic()))
        is_late = self._thread.is_alive()
        late = lazy("No answer within %(seconds)s s.", seconds=f"{seconds:g}")
        why = late if is_late else lazy("It could not be examined: see the log.")
        found = dict(self._found)
        return [found.get(name) or look(name, why) for name in self._names]

    def _run(self) -> None:
        with self._app.app_context():
            for finding in self._examination(self._app, self._until):
                self._found[finding.name] = finding
