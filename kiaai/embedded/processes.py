"""Processes that may have been started by someone who is gone: is it ours, is it alive, end it."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil

# In the environment of everything a supervisor starts, and of all that those start in turn.
MARK = "KIAAI_SUPERVISED"


class Running(Protocol):
    """A process of this product: `subprocess.Popen`, or one that somebody else has started."""

    pid: int

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""


class Adopted:
    """A running process that is not our child, so that nobody can know its exit code."""

    def __init__(self, process: psutil.Process) -> None:
        self.pid = process.pid
        self._process = process

    def poll(self) -> int | None:
        return None if is_alive(self._process) else 0


def is_alive(process: psutil.Process) -> bool:
    """Tell whether the process still runs; a zombie does not, nor does a later owner of its pid."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def find_marked(instance_path: Path) -> list[psutil.Process]:
    """Return what runs for this instance under any supervisor, alive or killed."""
    return [process for process in _all_processes() if _mark_of(process) == str(instance_path)]


def end(processes: list[psutil.Process], patience_seconds: float) -> None:
    """Ask the processes to end, wait, and kill those that do not."""
    for process in processes:
        _quietly(process.terminate)
        # One that was stopped would not notice.
        _quietly(process.resume)
    stubborn = wait_for_end(processes, patience_seconds)
    for process in stubborn:
        _quietly(process.kill)
    wait_for_end(stubborn, 10)


def wait_for_end(processes: list[psutil.Process], patience_seconds: float) -> list[psutil.Process]:
    """Wait until all have ended; return those that have not in time.

    A zombie has ended: where nobody collects orphans, as in many containers, it stays for ever.
    """
    deadline = time.monotonic() + patience_seconds
    while (alive := [process for process in processes if is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return alive


def with_name(name: str) -> list[psutil.Process]:
    """Return all processes of that name that this user may see."""
    return [process for process in _all_processes() if name_of(process) == name]


def name_of(process: psutil.Process) -> str:
    """Return the name of a process, empty when it may not be known."""
    try:
        return process.name()
    except psutil.Error:
        return ""


def command_of(process: psutil.Process) -> str:
    """Return the command line of a process, empty when it may not be known."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def folder_of(process: psutil.Process) -> str:
    """Return the current folder of a process, empty when it may not be known."""
    try:
        return process.cwd()
    except psutil.Error:
        return ""


def _quietly(ask: Callable[[], None]) -> None:
    with suppress(psutil.Error):
        ask()


def _all_processes() -> Iterator[psutil.Process]:
    mine = psutil.Process()
    family = {mine.pid, *(parent.pid for parent in mine.parents())}
    return (process for process in psutil.process_iter() if process.pid not in family)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None
