"""The supervisor: starts the processes in order, keeps them running, and ends them in reverse.

It has one thread and one loop. That is what makes it safe to tie children to its life, and to pump their
logs while it waits.
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kiaai.config import ROOT, Settings, environment_with
from kiaai.embedded import broker_url, limits_url, postgres, valkey
from kiaai.embedded.children import Child, Launch, launcher
from kiaai.embedded.commands import COMMANDS_LOCK
from kiaai.embedded.errors import EmbeddedError
from kiaai.embedded.locks import share_lock, try_lock
from kiaai.embedded.output import Output
from kiaai.embedded.ports import answers, require_free_port
from kiaai.embedded.processes import MARK, end, find_marked
from kiaai.embedded.programs import Plan, Program
from kiaai.embedded.running import SUPERVISOR_LOCK, keep_port

LEFTOVER_PATIENCE_SECONDS = 30

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Server:
    """An embedded server: what starts it, and what ends it whoever started it."""

    name: str
    launch: Launch
    stop: Callable[[], None]


class Supervisor:
    """Runs a plan on an instance until it is asked to stop."""

    def __init__(self, settings: Settings, plan: Plan, output: Output) -> None:
        self.settings = settings
        self.plan = plan
        self.output = output
        self._asked_to_stop = 0
        self._children: list[Child] = []
        self._stages: list[list[Child]] = []
        self._servers = list(_servers_for(settings))
        self._environment = self._child_environment()

    def run(self) -> int:
        """Run until SIGTERM, SIGINT or SIGHUP; return the exit code, 1 when the migration fails.

        Raises EmbeddedError when it cannot run here: already running, port in use, no database.
        """
        with _listening_to_signals(self._on_signal, self.output), _only_one(self.settings):
            self._end_leftovers()
            self._require_ports()
            try:
                return self._run()
            finally:
                self._stop_everything()

    def _run(self) -> int:
        self._start_servers()
        if not self._migrate():
            return 0 if self._asked_to_stop else 1
        for stage in self.plan.stages:
            self._stages.append([self._watch_program(program) for program in stage])
        if self._wait_until(lambda: answers(self.settings.host, self.settings.port, "/healthz")):
            self._welcome()
        self._wait_until(lambda: False, every_seconds=1)
        return 0

    def _start_servers(self) -> None:
        if not self.settings.database_url:
            # A command that is just leaving stops the database; the next one is ours.
            os.close(share_lock(self.settings.instance_path / COMMANDS_LOCK))
        for server in self._servers:
            self._watch(server.name, server.launch)
        if not self.settings.database_url:
            started_at = time.monotonic()
            self._wait_until(lambda: postgres.is_ready(self.settings.instance_path))
            _log.info("The database is ready after %.1f s", time.monotonic() - started_at)

    def _migrate(self) -> bool:
        """Bring the tables up to date; False when that failed or when a stop came in between."""
        if self._asked_to_stop:
            return False
        child = self._start_once(self.plan.migrate)
        self._wait_until(lambda: not child.is_running)
        self._stop_stage([child])
        self.output.drain()
        code = child.process.poll() if child.process else 1
        if code and not self._asked_to_stop:
            _log.error("The database could not be brought up to date, for the reason above. Giving up")
        return code == 0 and not self._asked_to_stop

    def _welcome(self) -> None:
        if self.plan.welcome:
            child = self._start_once(self.plan.welcome)
            self._stages.append([child])
            self._wait_until(lambda: not child.is_running)

    def _watch(self, name: str, launch: Launch, patience_seconds: float = 0) -> Child:
        child = Child(name, launch, self.output, patience_seconds)
        self._children.append(child)
        return child

    def _watch_program(self, program: Program) -> Child:
        return self._watch(program.name, self._launcher(program), program.patience_seconds)

    def _start_once(self, program: Program) -> Child:
        child = Child(program.name, self._launcher(program), self.output, program.patience_seconds)
        child.tend(time.monotonic())
        return child

    def _launcher(self, program: Program) -> Launch:
        return launcher(program, self._environment, ROOT)

    def _wait_until(self, condition: Callable[[], bool], every_seconds: float = 0.05) -> bool:
        """Keep everything running until the condition holds; False when a stop was asked for before."""
        while not self._asked_to_stop:
            now = time.monotonic()
            for child in self._children:
                child.tend(now)
            if condition():
                return True
            waits = [child.due_at - now for child in self._children if child.process is None]
            self.output.pump(max(0.0, min([every_seconds, *waits])))
        return False

    def _stop_everything(self) -> None:
        _log.info("Stopping")
        for stage in reversed(self._stages):
            self._stop_stage(stage)
        end(find_marked(self.settings.instance_path), patience_seconds=2)
        for server in reversed(self._servers):
            server.stop()
        self.output.drain()
        _log.info("Stopped")

    def _stop_stage(self, stage: list[Child]) -> None:
        """Ask the children to end, and kill what is left: after their patience, or when asked twice."""
        for child in stage:
            child.ask_to_end()
        asked_at = time.monotonic()
        while running := [child for child in stage if child.is_running]:
            waited_seconds = time.monotonic() - asked_at
            for child in running:
                if waited_seconds > child.patience_seconds or self._asked_to_stop > 1:
                    _log.warning("%s did not end in time and is killed", child.name)
                    child.end_group()
            self.output.pump(0.05)
        for child in stage:
            child.end_group()

    def _end_leftovers(self) -> None:
        leftovers = find_marked(self.settings.instance_path)
        if leftovers:
            _log.info("Ending %d processes that an earlier run left behind", len(leftovers))
            end(leftovers, LEFTOVER_PATIENCE_SECONDS)

    def _require_ports(self) -> None:
        require_free_port(self.settings.host, self.settings.port, "web server")
        if self.settings.is_sandbox:
            require_free_port("127.0.0.1", self.settings.port + 1, "sandbox")

    def _child_environment(self) -> dict[str, str]:
        settings = self.settings
        return environment_with(
            {
                "DATABASE_URL": settings.database_url or postgres.url(settings.instance_path),
                "BROKER_URL": broker_url(settings),
                "REDIS_URL": limits_url(settings),
                "SECRET_KEY": settings.secret_key,
                "INSTANCE_PATH": str(settings.instance_path),
                "PYTHONUNBUFFERED": "1",
                MARK: str(settings.instance_path),
            }
        )

    def _on_signal(self) -> None:
        # No logging here: the signal may have come in the middle of a write to the same log.
        self._asked_to_stop += 1


def _servers_for(settings: Settings) -> Iterator[Server]:
    instance = settings.instance_path
    if not settings.database_url:
        yield Server("postgres", lambda log: postgres.launch(instance, log), lambda: postgres.stop(instance))
    if not (settings.broker_url and settings.redis_url):
        try:
            valkey.program_path()
        except EmbeddedError as error:
            # All work is done without a broker too, up to five seconds later.
            _log.warning("%s Going on without", error)
        else:
            yield Server("valkey", lambda log: valkey.launch(instance, log), lambda: valkey.stop(instance))


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    settings.instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.instance_path / SUPERVISOR_LOCK
    # A command that looks whether we run holds it for a moment.
    deadline = time.monotonic() + 1
    while (lock := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"Kia-Ai already runs on {settings.instance_path} (process {path.read_text()}). "
                "Stop that one, or give this one an INSTANCE_PATH and a PORT of its own."
            )
        time.sleep(0.05)
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    keep_port(settings.instance_path, settings.port)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def _listening_to_signals(on_signal: Callable[[], None], output: Output) -> Iterator[None]:
    """Call `on_signal` for each request to stop, and end the waits of `output` when a child ends."""
    reader, writer = os.pipe()
    for descriptor in (reader, writer):
        os.set_blocking(descriptor, False)
    output.watch(reader)
    kept_writer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    kept = {signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda *_: None)}
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # `nohup` asks to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            kept[number] = signal.signal(number, lambda *_: on_signal())
    try:
        yield
    finally:
        signal.set_wakeup_fd(kept_writer)
        for number, handler in kept.items():
            signal.signal(number, handler)
