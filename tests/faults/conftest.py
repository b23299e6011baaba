"""One rig for all fault tests; the ledger is checked after each, and a broken rig is replaced."""

import os
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger
from tests.faults.rig import Rig

_rigs: list[Rig] = []
_report: dict[str, list[str]] = {"recoveries": [], "sizes": []}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]  # what the wrapped hook returns
        item.stash[_outcome] = report.passed  # type: ignore[attr-defined]  # as above
    return report


_outcome = pytest.StashKey[bool]()


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Give the running rig; the test may break all of it."""
    if not _rigs:
        _rigs.append(Rig())
    rig = _rigs[0]
    is_well = False
    try:
        rig.start()
        rig.wait_until_settled()
        yield rig
        if request.node.stash.get(_outcome, False):
            rig.start()
            rig.wait_until_settled()
            violations = Ledger(rig).violations()
            assert not violations, "\n".join(violations)
            is_well = True
    finally:
        if not is_well:
            _close(keep_logs=True)


def _close(keep_logs: bool = False) -> None:
    for rig in _rigs:
        with suppress(OSError):
            _report["sizes"].append(Ledger(rig).size())
        _report["recoveries"] += [f"{took:6.1f} s  {name}" for name, took in rig.recoveries.items()]
        if keep_logs:
            _report["sizes"] += [f"{part.name}: {part.log()[-3000:]}" for part in rig.parts()]
        rig.close()
    _rigs.clear()


def pytest_sessionfinish() -> None:
    _close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _report["sizes"]:
        terminalreporter.section("faults: what was tried, and time until all was final")
        for line in [*_report["sizes"], *sorted(_report["recoveries"], reverse=True)]:
            terminalreporter.write_line(line)


def seeds() -> list[int]:
    """Return the seeds of the plans: KIAAI_FAULT_SEEDS is `7` or `1-20`; else one of this run."""
    first, _, last = os.environ.get("KIAAI_FAULT_SEEDS", "").partition("-")
    if not first:
        return [random.SystemRandom().randrange(10**6)]
    return list(range(int(first), int(last or first) + 1))
