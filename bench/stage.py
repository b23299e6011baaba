"""What a measurement needs: a database with the product's schema, and the product's processes."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
from sqlalchemy import Engine, NullPool, create_engine, text

from kiaai.config import ROOT
from kiaai.embedded import postgres

SECRET = "only-for-measuring"  # an invented app secret
PHONE_NUMBER_ID = "200000000000001"
# A port on which nobody listens: no broker, no Redis.
NOBODY = "redis://127.0.0.1:1/0"
PATIENCE_SECONDS = 60.0


class Stage:
    """A scratch folder with a PostgreSQL in it. Use as a context manager. results: where files are to go."""

    def __init__(self, results: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kiaai-bench-"))
        # The user that runs PostgreSQL must get through.
        self.folder.chmod(0o711)
        self.instance = self.folder / "instance"
        self.results = results or self.folder / "results"

    def __enter__(self) -> "Stage":
        with ExitStack() as on_problem:
            on_problem.callback(self.__exit__)
            self.database_url = postgres.start(self.instance)
            self.engine: Engine = create_engine(
                self.database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT"
            )
            self.flask("db", "upgrade")
            on_problem.pop_all()
        return self

    def __exit__(self, *_problem: object) -> None:
        postgres.stop(self.instance)
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, **changes: str) -> dict[str, str]:
        """Return what a process is to see: these settings, and nothing of this machine's own."""
        return {
            **bare_environment(),
            "DATABASE_URL": self.database_url,
            "BROKER_URL": NOBODY,
            "REDIS_URL": NOBODY,
            "INSTANCE_PATH": str(self.instance),
            "SECRET_KEY": "only-for-measuring",
            "WHATSAPP_APP_SECRET": SECRET,
            "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
            "BOT_ENABLED": "false",
            "LOG_LEVEL": "ERROR",
            **changes,
        }

    def flask(self, *command: str, **changes: str) -> str:
        """Run a `flask` command and return what it prints."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *command],
            cwd=ROOT,
            env=self.environment(**changes),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
        ).stdout

    def rows(self, sql: str, **values: object) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            found = connection.execute(text(sql), values)
            return [tuple(row) for row in found] if found.returns_rows else []

    def number(self, sql: str, **values: object) -> float:
        """Return the one number that a query answers."""
        return float(str(self.rows(sql, **values)[0][0]))

    @contextmanager
    def web(self, app: str = "bench.app:app", **changes: str) -> Iterator[int]:
        """Run gunicorn as the product does, and give its port."""
        port = free_port()
        options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "1"]
        options += ["--threads", "16", "--keep-alive", "75", "--no-control-socket", "--log-level", "error"]
        command = (sys.executable, "-m", "gunicorn", app, *options)
        with self.running(command, PORT=str(port), **changes):
            until(lambda: _listens(port), "the web server")
            yield port

    @contextmanager
    def worker(self, **changes: str) -> Iterator[int]:
        """Run a worker as the product does, and give its process id."""
        options = ["--pool", "threads", "--concurrency", "2", "--without-mingle", "--without-gossip"]
        command = (sys.executable, "-m", "celery", "--quiet", "--app", "kiaai.worker.app", "worker", *options)
        known = self.number("SELECT count(*) FROM processes")
        with self.running((*command, "--loglevel", "ERROR"), **changes) as process:
            until(lambda: self.number("SELECT count(*) FROM processes") > known, "the worker")
            yield process.pid

    @contextmanager
    def running(self, command: tuple[str, ...], **changes: str) -> "Iterator[subprocess.Popen[bytes]]":
        """Run a program of the product for as long as the block lasts."""
        log_path = self.folder / "processes.log"
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(**changes), stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def bare_environment() -> dict[str, str]:
    """Return an environment in which a process finds its programs, and no settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "KIAAI_ENV_FILE": os.devnull}


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is true. Raises SystemExit after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"After {seconds:g} s there is still no sign of {what}.")
        time.sleep(0.05)


def free_port() -> int:
    """Return a free port whose next one is free too: the sandbox listens there."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            if port < 65535 and second.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port
    raise SystemExit("There are no two free ports side by side.")


def answers(url: str) -> bool:
    """Tell whether a page answers well."""
    try:
        return requests.get(url, timeout=(1, 5)).ok
    except requests.RequestException:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
