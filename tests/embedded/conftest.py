"""Instance folders whose servers are always ended, and a supervisor to watch from outside."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from kiaai.config import ROOT
from kiaai.embedded import postgres, valkey
from kiaai.embedded.processes import end, find_marked, is_alive, wait_for_end
from kiaai.embedded.sockets import socket_folder
from tests.signals import to_each

PATIENCE_SECONDS = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's: every session that starts closes the folder above it, which shuts out the user that
    # PostgreSQL runs as under root.
    with tempfile.TemporaryDirectory(prefix="kiaai-test-") as path:
        yield Path(path)


@pytest.fixture
def instance(folder: Path) -> Iterator[Path]:
    yield from instance_at(folder / "instance")


@pytest.fixture
def other_instance(folder: Path) -> Iterator[Path]:
    yield from instance_at(folder / "other")


def instance_at(path: Path) -> Iterator[Path]:
    """Give the folder, and end whatever runs on it afterwards."""
    path.mkdir(mode=0o700)
    yield path
    end(find_marked(path), 1)
    valkey.stop(path)
    postgres.stop(path)
    for home in ("valkey", "postgres"):
        shutil.rmtree(socket_folder(path / home, postgres.SOCKET), ignore_errors=True)


def query(url: str, sql: str) -> object:
    """Return the first value of the answer, None when there are no rows in it."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(sql))
        return result.scalar() if result.returns_rows else None


def kill_everything(pid: int) -> None:
    """`kill -9` a process and all below it, the parent first."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    to_each(processes, psutil.Process.kill)
    assert wait_for_end(processes, PATIENCE_SECONDS) == []


def postgres_pid(instance: Path) -> int:
    return int((instance / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def valkey_pid(instance: Path) -> int:
    return int((instance / "valkey" / "valkey.pid").read_text())


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"still waiting: {what}"
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that is free, and so is the next one, and that 20,000 further up, which RabbitMQ takes.

    All are below those that the kernel gives to connections. Tests of several processes may ask at the
    same time: the pid keeps them well apart.
    """
    for port in range(10000 + os.getpid() * 16 % 2600, 32000, 2):
        if all(map(_is_free, (port, port + 1, port + 20000))):
            return port
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Watched:
    """A supervisor, or what starts one, seen from outside: its log, its children, its end."""

    def __init__(self, command: list[str], instance: Path, **settings: str) -> None:
        self.instance = instance
        self.said = ""
        self.port = free_port()
        made_up = {"KIAAI_ENV_FILE": os.devnull, "INSTANCE_PATH": str(instance), "PORT": str(self.port)}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**kept, **made_up, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def wait_to_hear(self, words: str, times: int = 1) -> None:
        """Wait until the log holds the words so many times."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.said.count(words) < times:
            assert self._listen(deadline), f"never said {words!r}, but:\n{self.said}"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(number)
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._listen(deadline):
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def child(self, name: str) -> psutil.Process:
        """Return the one child with this word in its command."""
        children = filter(is_alive, psutil.Process(self.process.pid).children())
        found = [child for child in children if name in child.cmdline()]
        assert len(found) == 1, (name, found)
        return found[0]

    def marked(self) -> list[psutil.Process]:
        return find_marked(self.instance)

    def leftovers(self) -> list[str]:
        """Return what still runs of this instance."""
        found = [" ".join(process.cmdline()) for process in self.marked()]
        found += ["postgres"] if postgres.running_url(self.instance) else []
        found += ["valkey"] if valkey.is_ready(self.instance) else []
        return found

    def _listen(self, deadline: float) -> bool:
        assert self.process.stderr is not None
        ready, _, _ = select.select([self.process.stderr], [], [], max(0.0, deadline - time.monotonic()))
        heard = os.read(self.process.stderr.fileno(), 65536) if ready else b""
        self.said += heard.decode(errors="replace")
        return bool(heard)


Supervise = Callable[..., Watched]


@pytest.fixture(scope="session")
def empty_database() -> Iterator[Path]:
    """Give the files of a PostgreSQL as its first start leaves them, to be copied."""
    with tempfile.TemporaryDirectory(prefix="kiaai-test-") as folder:
        for made in instance_at(Path(folder) / "instance"):
            postgres.start(made)
            postgres.stop(made)
            yield made / "postgres"


@pytest.fixture
def supervise(instance: Path, empty_database: Path) -> Iterator[Supervise]:
    """Start supervisors that run small stand-ins instead of the product: `supervise("migrate=bad")`.

    The database is there already, which saves a second each; test_postgres.py makes it anew.
    """
    started: list[Watched] = []

    def start(*arguments: str, on: Path = instance, **settings: str) -> Watched:
        if "DATABASE_URL" not in settings and not (on / "postgres").exists():
            subprocess.run(["/bin/cp", "-a", empty_database, on / "postgres"], check=True)
        script = str(Path(__file__).with_name("stand_ins.py"))
        started.append(Watched([sys.executable, script, *arguments], on, **settings))
        return started[-1]

    yield start
    kill_all(started)


@pytest.fixture
def make_run(instance: Path) -> Iterator[Supervise]:
    """Start the whole product as a newcomer does: `make_run()`."""
    started: list[Watched] = []

    def start(**settings: str) -> Watched:
        started.append(Watched(["make", "run"], instance, **settings))
        return started[-1]

    yield start
    kill_all(started)


def kill_all(started: list[Watched]) -> None:
    for watched in started:
        with suppress(ProcessLookupError):
            os.killpg(watched.process.pid, signal.SIGKILL)
        watched.process.wait()
        if watched.process.stderr:
            watched.process.stderr.close()
