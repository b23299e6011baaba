"""One rig for all fault tests; the ledger is checked after each, and a broken rig is replaced."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.brokers import KINDS, require_rabbitmq
from tests.faults.ledger import Ledger
from tests.faults.rig import Rig
from tests.limits import before_the_end

_rigs: list[Rig] = []
_report: dict[str, list[str]] = {"recoveries": [], "sizes": []}

EACH_BROKER = """\
each_broker: runs on every kind of broker, not on Valkey alone: breaks the broker or Redis, or ends, kills or
stops a process that holds a connection to them. To all other faults a broker is only how soon the worker
looks, and on that no promise depends"""


NEEDS_BROKER = "needs_broker: breaks a broker or Redis that must be there before"


def pytest_configure(config: pytest.Config) -> None:
    for marker in (EACH_BROKER, NEEDS_BROKER):
        config.addinivalue_line("markers", marker)
    # PostgreSQL is no child of ours: whoever ends a test that hangs would not find it.
    before_the_end(_close)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say on which brokers a test runs: see EACH_BROKER; KIAAI_FAULT_BROKER names one for all tests."""
    if "rig" in metafunc.fixturenames:
        kinds = _kinds_for(metafunc.definition)
        metafunc.parametrize("broker_kind", kinds, indirect=True, scope="session")


def _kinds_for(test: pytest.Item) -> list[str]:
    if named := os.environ.get("KIAAI_FAULT_BROKER"):
        return [named]
    if not test.get_closest_marker("each_broker"):
        return ["valkey"]
    return [kind for kind in KINDS if kind != "none" or not test.get_closest_marker("needs_broker")]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)
    yield
    # Also where the order is drawn at random, a rig serves all tests of its broker one after the other.
    items.sort(key=_place_of_broker)


def _place_of_broker(item: pytest.Item) -> int:
    # Only tests with parameters have a call specification.
    call = getattr(item, "callspec", None)
    kind = call.params.get("broker_kind") if call else None
    return KINDS.index(kind) if kind in KINDS else -1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]  # what the wrapped hook returns
        item.stash[_outcome] = report.outcome  # type: ignore[attr-defined]  # as above
    return report


_outcome = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def broker_kind(request: pytest.FixtureRequest) -> str:
    """Give the kind of broker that the rig is to have."""
    kind = str(request.param)
    assert kind in KINDS, f"KIAAI_FAULT_BROKER is {kind!r}, but it must be one of {', '.join(KINDS)}"
    if kind == "rabbitmq":
        require_rabbitmq()
    return kind


@pytest.fixture
def rig(request: pytest.FixtureRequest, broker_kind: str) -> Iterator[Rig]:
    """Give the running rig; the test may break all of it."""
    if broker_kind == "none" and request.node.get_closest_marker("needs_broker"):
        pytest.skip("there is no broker here that could break")
    if _rigs and _rigs[0].broker_kind != broker_kind:
        _close()
    if not _rigs:
        _rigs.append(Rig(broker_kind))
    rig = _rigs[0]
    is_well = False
    try:
        rig.start()
        rig.wait_until_settled()
        yield rig
        outcome = request.node.stash.get(_outcome, "failed")
        if outcome == "passed":
            rig.start()
            rig.wait_until_settled()
            violations = Ledger(rig).violations()
            assert not violations, "\n".join(violations)
        is_well = outcome != "failed"
    finally:
        if not is_well:
            _close(keep_logs=True)


def _close(keep_logs: bool = False) -> None:
    for rig in _rigs:
        # A test that failed may have left the database down.
        with suppress(SQLAlchemyError):
            _report["sizes"].append(f"{rig.broker_kind}: {Ledger(rig).size()}")
        _report["recoveries"] += [
            f"{took:6.1f} s  {name} [{rig.broker_kind}]" for name, took in rig.recoveries.items()
        ]
        if keep_logs:
            _report["sizes"] += [f"{part.name}: {part.log()[-3000:]}" for part in rig.parts()]
        rig.close()
    _rigs.clear()


def pytest_sessionfinish(session: pytest.Session) -> None:
    _close()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["faults"] = _report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process that shared the tests has to report."""
    for name, lines in getattr(node, "workeroutput", {}).get("faults", {}).items():
        _report[name] += lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _report["sizes"]:
        terminalreporter.section("faults: what was tried, and time until all was final")
        for line in [*_report["sizes"], *sorted(_report["recoveries"], reverse=True)]:
            terminalreporter.write_line(line)


def seeds() -> list[int]:
    """Return the seeds of the plans: KIAAI_FAULT_SEEDS is `7` or `1-20`; else always the same one."""
    first, _, last = os.environ.get("KIAAI_FAULT_SEEDS", "1").partition("-")
    return list(range(int(first), int(last or first) + 1))
