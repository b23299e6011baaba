"""Breaking on purpose, and costing nothing otherwise."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiaai.errors import SettingsError
from kiaai.faults import EXIT_CODE, FaultInjected, configure, fault_point


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    yield
    configure("")


def test_a_place_without_a_fault_does_nothing() -> None:
    configure("elsewhere:raise")

    fault_point("before_post")


def test_a_place_told_to_raise_raises_until_told_otherwise() -> None:
    configure(" before_commit:raise , after_post:sleep=0 ")
    with pytest.raises(FaultInjected, match="before_commit"):
        fault_point("before_commit")
    fault_point("after_post")

    configure("")
    fault_point("before_commit")


def test_a_file_says_what_breaks_while_the_program_runs(tmp_path: Path) -> None:
    plan = tmp_path / "faults"
    configure(f"@{plan}")
    fault_point("before_commit")

    plan.write_text("before_commit:raise")
    with pytest.raises(FaultInjected, match="before_commit"):
        fault_point("before_commit")

    plan.unlink()
    fault_point("before_commit")


def test_a_place_told_to_sleep_sleeps() -> None:
    configure("before_post:sleep=0.05")
    started = time.monotonic()

    fault_point("before_post")

    assert time.monotonic() - started >= 0.05


def test_a_place_told_to_exit_ends_the_process_at_once() -> None:
    program = "from kiaai.faults import *; configure('x:exit'); fault_point('x'); print('still here')"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert (ended.returncode, ended.stdout) == (EXIT_CODE, b"")


@pytest.mark.parametrize(
    "text", ["x", ":raise", "x:explode", "x:sleep", "x:sleep=long", "x:sleep=-1", "x:sleep=nan"]
)
def test_a_fault_nobody_knows_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="KIAAI_FAULTS"):
        configure(text)
