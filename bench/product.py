"""The whole product as `make run` starts it, with a customer's phone."""

import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import requests

from bench.stage import answers, bare_environment, free_port, until
from kiaai.config import ROOT

LIMITS = (3, 10)


class Product:
    """The running product in a scratch folder. Use as a context manager. start_seconds: until ready."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kiaai-bench-"))
        self.folder.chmod(0o711)
        self.port = free_port()
        self.phones = f"http://127.0.0.1:{self.port + 1}/sandbox"
        self._environment = {
            **bare_environment(),
            "INSTANCE_PATH": str(self.folder / "instance"),
            "PORT": str(self.port),
            **settings,
        }
        self.start_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Product":
        with ExitStack() as on_problem:
            on_problem.callback(self.__exit__)
            self._start()
            on_problem.pop_all()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_again(self) -> None:
        """Stop it and start it on the same data."""
        self._end()
        self._start()

    def write(self, number: int, text: str) -> float:
        """Write as the customer of that number; return when, in seconds since the epoch."""
        at = time.time()
        requests.post(
            f"{self.phones}/inbound", json={"from": _phone(number), "text": text}, timeout=LIMITS
        ).raise_for_status()
        return at

    def received_at(self, number: int) -> float | None:
        """Return when the Graph took the first message to the customer, in seconds since the epoch."""
        found = requests.get(f"{self.phones}/messages", timeout=LIMITS).json()["messages"]
        return next((float(message["at"]) for message in found if message["to"] == _phone(number)), None)

    def processes(self) -> list[psutil.Process]:
        """Return every process of it. PostgreSQL and Valkey live on their own, known by their folder."""
        assert self._process is not None
        family = {self._process.pid}
        family |= {child.pid for child in psutil.Process(self._process.pid).children(recursive=True)}
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.folder) in part for part in process.info["cmdline"] or []):
                family |= {process.pid, *(child.pid for child in process.children(recursive=True))}
        return [psutil.Process(pid) for pid in family]

    def _start(self) -> None:
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "kiaai.embedded"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        address = f"http://127.0.0.1:{self.port}/readyz"
        until(lambda: answers(address) or process.poll() is not None, "the product")
        if process.poll() is not None:
            raise SystemExit(f"The product ended by itself. It said:\n{(self.folder / 'log').read_text()}")
        self.start_seconds = time.monotonic() - began

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _phone(number: int) -> str:
    # Some numbers that end in zeros are wrong ones in the sandbox.
    return str(56_900_001_000 + number)
