"""One process and its restarts."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from kiaai.embedded.errors import EmbeddedError
from kiaai.embedded.output import Output
from kiaai.embedded.processes import Running
from kiaai.embedded.programs import Program

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 10.0
STEADY_AFTER_SECONDS = 30.0

# prctl(2): the signal that a child gets when the thread that started it dies.
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

# Takes a descriptor for the log, returns the process.
Launch = Callable[[int], Running]
_log = logging.getLogger(__name__)


class Child:
    """A process that is started again when it ends by itself: after 0.5 s, doubling to 10 s."""

    def __init__(self, name: str, launch: Launch, output: Output, patience_seconds: float = 0) -> None:
        self.name = name
        self.patience_seconds = patience_seconds
        self.process: Running | None = None
        self.due_at = 0.0
        self._launch = launch
        self._output = output
        self._started_at = 0.0
        self._delay_seconds = FIRST_DELAY_SECONDS
        self._has_run = False

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tend(self, now: float) -> None:
        """Notice that it ended, and start it when that is due. Times are those of `time.monotonic`."""
        if self.process is not None and (code := self.process.poll()) is not None:
            self._put_off(now, _how_it_ended(code))
        if self.process is None and now >= self.due_at:
            self._start(now)

    def ask_to_end(self) -> None:
        """Send SIGTERM to the process alone; it knows best what to do with its own children."""
        if self.process is not None and self.is_running:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)
                # One that was stopped would not notice.
                os.kill(self.process.pid, signal.SIGCONT)

    def end_group(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process and to all that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def _start(self, now: float) -> None:
        writer = self._output.open_pipe(self.name)
        try:
            self.process = self._launch(writer)
        except OSError as error:
            self._put_off(now, f"cannot start: {error}")
        except EmbeddedError as error:
            # At the first start a person has to know; later, what was good once may be good again.
            if not self._has_run:
                raise
            self._put_off(now, f"cannot start: {error}")
        finally:
            os.close(writer)
        self._started_at, self._has_run = now, True

    def _put_off(self, now: float, reason: str) -> None:
        # What a killed parent leaves behind holds its port; let it finish what it is answering.
        self.end_group(signal.SIGTERM)
        if self.process is not None and now - self._started_at >= STEADY_AFTER_SECONDS:
            self._delay_seconds = FIRST_DELAY_SECONDS
        _log.warning("%s %s; starting it again in %g s", self.name, reason, self._delay_seconds)
        self.process, self.due_at = None, now + self._delay_seconds
        self._delay_seconds = min(self._delay_seconds * 2, LONGEST_DELAY_SECONDS)


def launcher(program: Program, environment: Mapping[str, str], folder: Path) -> Launch:
    """Return what starts the program in a session of its own, ended with the supervisor.

    A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which ends all in order.
    """

    def launch(log: int) -> Running:
        return subprocess.Popen(
            program.command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # Safe here: the supervisor has one thread.
            preexec_fn=_die_with(os.getpid()),
        )

    return launch


def _die_with(parent_pid: int) -> Callable[[], None]:
    def tie() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent_pid:
                os._exit(1)

    return tie


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by signal {-code} ({signal.strsignal(-code)})"
    return f"ended with code {code}"
