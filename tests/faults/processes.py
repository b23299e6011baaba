"""The product's processes as tests run them: started, killed, stopped, asked, and their logs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import psutil
import requests

from kiaai.config import ROOT
from tests.signals import to_each

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
# Of a request to the product: to connect, and to answer.
LIMITS = (3, 10)


def environment_for(**settings: str) -> dict[str, str]:
    """Return what a process of the product is to see: these settings, and nothing of this machine's own."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return {**kept, "KIAAI_ENV_FILE": os.devnull, **settings}


def run_flask(environment: Mapping[str, str], *command: str, check: bool = True) -> str:
    """Run a `flask` command beside the running processes and return what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *command],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=check,
    ).stdout


def answers(url: str) -> bool:
    """Tell whether a page answers well."""
    try:
        return requests.get(url, timeout=LIMITS).ok
    except requests.RequestException:
        return False


def until(
    condition: Callable[[], T],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    log: Callable[[], str] = lambda: "",
) -> T:
    """Wait until something is true, and return it; who waits in vain is shown the end of the log."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"after {seconds:g} s still waiting for {what}\n{log()[-4000:]}"
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
        to_each(self._family(), psutil.Process.kill)
        self.wait()

    def stop(self) -> None:
        """SIGSTOP: it keeps its connections and does nothing."""
        to_each(self._family(), psutil.Process.suspend)

    def resume(self) -> None:
        to_each(self._family(), psutil.Process.resume)

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

    def end(self, seconds: float = 10) -> None:
        """Ask it to end, however it is, and kill it when it takes too long."""
        if self.is_running:
            self.resume()
            self.ask_to_end()
            try:
                self.wait(seconds)
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
