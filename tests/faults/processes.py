"""A process of the product that a test may kill, stop and start again, and its log."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil

from kiaai.config import ROOT

T = TypeVar("T")

PATIENCE_SECONDS = 60.0


def until(condition: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {seconds:g} s still waiting for {what}"
        time.sleep(0.02)
    return value


class Part:
    """One process with all that it starts. `start` does nothing while it runs."""

    def __init__(self, name: str, command: tuple[str, ...], environment: Mapping[str, str], folder: Path):
        self.name, self.log_path = name, folder / f"{name}.log"
        self._command, self._environment = command, dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, **settings: str) -> None:
        if self.is_running:
            return
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env={**self._environment, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """`kill -9` it and all that it started."""
        for process in self._family():
            with suppress(psutil.Error):
                process.kill()
        self.wait()

    def stop(self) -> None:
        """SIGSTOP: it keeps its connections and does nothing."""
        for process in self._family():
            process.suspend()

    def resume(self) -> None:
        for process in self._family():
            process.resume()

    def ask_to_end(self) -> None:
        """SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int | None:
        """Wait for its end; return the exit code."""
        return self._process.wait(seconds) if self._process is not None else None

    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def end(self) -> None:
        """End it for good, however it is."""
        if self.is_running:
            with suppress(psutil.Error):
                self.resume()
            self.ask_to_end()
            try:
                self.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def _family(self) -> list[psutil.Process]:
        if not self.is_running or self._process is None:
            return []
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]


def stop_process(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)


def resume_process(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)
