"""Lets acts run in an order of its own: held at a statement, killed at one, or with the connection cut off.

An act that is to be held runs on a thread with a session of its own, and so do those that come meanwhile, as
they may have to wait for its locks. All others run where the conductor stands: nobody could be in their way.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import Engine

from kiaai import faults

PATIENCE_SECONDS = 15.0
LOOK_SECONDS = 0.001
# Nearly every act that is not in anybody's way is done by then.
USUALLY_SECONDS = 0.004

POINTS = (
    "before_commit",
    "after_commit",
    "bot_after_claim",
    "bot_before_commit",
    "bot_after_commit",
    "before_claim",
    "after_claim",
    "before_post",
    "after_post",
    "before_outcome",
    "after_outcome",
)
_WAITING = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
_KILL = text("SELECT pg_terminate_backend(:pid)")
_stage = threading.local()


class Died(BaseException):
    """The process of an act has ended: nothing of the product may catch it and go on."""


@dataclass(frozen=True)
class Fate:
    """What befalls an act, and where: at a fault point, or before its n-th statement (`statement 3`).

    what: `hold` until others have gone on, `die` with its process, or `cut`: the connection dies alone.
    """

    what: str
    place: str

    def __str__(self) -> str:
        return f"{self.what} at {self.place}"


class Act(threading.Thread):
    """One piece of work. began_at, ended_at: Unix seconds; ended_at None for one that died."""

    def __init__(self, app: Flask, name: str, work: Callable[[], object], fate: Fate | None):
        super().__init__(name=name, daemon=True)
        self._app, self._work, self.fate = app, work, fate
        self._statements = 0
        self._settled, self._go_on = threading.Event(), threading.Event()
        self.is_held = self.has_died = self.has_met = False
        self.began_at = 0.0
        self.ended_at: float | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        _stage.act, self.began_at = self, time.time()
        try:
            with self._app.app_context():
                self._work()
            self.ended_at = time.time()
        except Died:
            self.has_died = True
        # Whatever a caller of the product would see is what the story is about.
        except Exception as error:  # noqa: BLE001
            self.error = error
        finally:
            _stage.act = None
            self._settled.set()

    def let_go(self) -> None:
        self._settled.clear()
        self.is_held = False
        self._go_on.set()

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended or is held; return whether it is."""
        return self._settled.wait(seconds)

    def meet(self, place: str, connection: Connection | None = None) -> None:
        if self.fate is None or self.has_met or place != self.fate.place:
            return
        self.has_met = True
        if self.fate.what == "hold":
            self.is_held = True
            self._settled.set()
            self._go_on.wait(PATIENCE_SECONDS)
            return
        if connection is not None:
            _kill(connection)
        if self.fate.what == "die":
            raise Died

    def count_statement(self, connection: Connection) -> None:
        self._statements += 1
        self.meet(f"statement {self._statements}", connection)


class Conductor:
    """Runs the acts of one story, one beginning after the other."""

    def __init__(self, app: Flask, monitor: Connection):
        self._app, self._monitor = app, monitor
        self.acts: list[Act] = []
        self._running: list[Act] = []

    @property
    def held(self) -> list[Act]:
        return [act for act in self._running if act.is_held]

    def play(self, name: str, work: Callable[[], object], fate: Fate | None = None) -> Act:
        """Run an act until it has ended, is held, or waits for a lock."""
        act = Act(self._app, name, work, fate)
        self.acts.append(act)
        if not self._running and (fate is None or fate.what != "hold"):
            act.run()
            return act
        self._running.append(act)
        act.start()
        self._let_settle()
        return act

    def let_go(self, number: int) -> None:
        """Let one of the held acts go on."""
        if held := self.held:
            held[number % len(held)].let_go()
            self._let_settle()

    def finish(self) -> None:
        """Let all go on until all have ended."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while self._running and time.monotonic() < ends_at:
            if held := self.held:
                held[0].let_go()
            self._let_settle()
        assert not self._running, f"these hang: {[act.name for act in self._running]}"

    def _let_settle(self) -> None:
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while busy := self._busy():
            if busy[-1].wait(USUALLY_SECONDS) or time.monotonic() > ends_at:
                continue
            waiting = self._monitor.execute(_WAITING).scalar_one()
            if waiting >= len(self._busy()) and self.held:
                return

    def _busy(self) -> list[Act]:
        for act in self._running:
            if act._settled.is_set() and not act.is_held:
                act.join()
        self._running = [act for act in self._running if act.is_alive()]
        return [act for act in self._running if not act.is_held]


@contextmanager
def listening() -> Iterator[None]:
    """Hear of every statement and fault point."""
    log = logging.getLogger(faults.__name__)
    event.listen(Engine, "before_cursor_execute", _count_statement)
    # Every point that is passed would be logged.
    log.setLevel(logging.ERROR)
    faults._actions.update({name: _meet(name) for name in POINTS})
    try:
        yield
    finally:
        log.setLevel(logging.NOTSET)
        event.remove(Engine, "before_cursor_execute", _count_statement)
        for name in POINTS:
            faults._actions.pop(name, None)


def _meet(place: str) -> Callable[[], None]:
    def act() -> None:
        if (act := getattr(_stage, "act", None)) is not None:
            act.meet(place)

    return act


def _count_statement(connection: Connection, *_event: Any) -> None:
    if (act := getattr(_stage, "act", None)) is not None:
        act.count_statement(connection)


def _kill(connection: Connection) -> None:
    """End the server's side of a connection, as when its client is killed."""
    pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]  # psycopg2's own
    with connection.engine.connect() as monitor:
        monitor.execute(_KILL, {"pid": pid})
