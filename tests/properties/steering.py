"""Two sides at once, in an order that a test wishes: one held until the other is done or waits for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from kiaai import faults
from kiaai.database import DEADLOCK_DETECTED, SERIALIZATION_FAILURE
from kiaai.extensions import db

# Nothing here waits for the clock: this is the end of a side that hangs, and fails the test.
PATIENCE_SECONDS = 15.0
LOOK_SECONDS = 0.002
# What both sides can be made to wait for together, so that their statements see the past.
TABLES = ("conversations", "leads", "messages", "channels", "installation", "lead_identities")

_WAITING = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")


@dataclass(frozen=True)
class Together:
    """Both sides start at the same moment."""


@dataclass(frozen=True)
class Held:
    """One side starts first and is held at a fault point, or after its n-th statement (`statement 3`).

    other_place: where the other is held in turn, while the first goes on.
    """

    side: int
    place: str
    other_place: str | None = None


@dataclass(frozen=True)
class Behind:
    """Both sides run into a lock on all rows of a table, and go on together when it is gone."""

    table: str


Steering = Together | Held | Behind


class Side(threading.Thread):
    """One side of a race, with an app context and so a session of its own."""

    def __init__(self, app: Flask, work: Callable[[], None], held_at: str | None):
        super().__init__(daemon=True)
        self._app, self._work, self._held_at = app, work, held_at
        self._go_on, self._has_arrived = threading.Event(), threading.Event()
        self._statements = 0
        self.starts_with: threading.Barrier | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with self._app.app_context():
                if self.starts_with:
                    self.starts_with.wait(PATIENCE_SECONDS)
                self._work()
        # Whatever a caller of the product would see is what the test is about.
        except BaseException as error:  # noqa: BLE001
            self.error = error

    def is_busy(self) -> bool:
        """Tell whether the side runs; one that is held or has ended does not."""
        return self.is_alive() and (not self._has_arrived.is_set() or self._go_on.is_set())

    def let_go(self) -> None:
        self._go_on.set()

    def meet(self, place: str) -> None:
        if place == self._held_at and not self._has_arrived.is_set():
            self._has_arrived.set()
            self._go_on.wait(PATIENCE_SECONDS)

    def count_statement(self) -> None:
        self._statements += 1
        self.meet(f"statement {self._statements}")


class Race:
    """Runs two pieces of work as a steering says, and remembers each deadlock, seen by a caller or not."""

    def __init__(self, app: Flask):
        self._app = app
        self.deadlocks: list[str] = []

    @contextmanager
    def watching(self) -> Iterator["Race"]:
        """Listen to the statements and errors of all connections."""
        event.listen(Engine, "after_cursor_execute", _count_statement)
        event.listen(Engine, "handle_error", self._note_error)
        try:
            yield self
        finally:
            event.remove(Engine, "after_cursor_execute", _count_statement)
            event.remove(Engine, "handle_error", self._note_error)

    def run(self, steering: Steering, first: Callable[[], None], second: Callable[[], None]) -> list[Any]:
        """Return the errors that the two callers saw. Fails when a side hangs."""
        places: list[str | None] = [None, None]
        if isinstance(steering, Held):
            places[steering.side], places[1 - steering.side] = steering.place, steering.other_place
        sides = [Side(self._app, work, place) for work, place in zip((first, second), places, strict=True)]
        match steering:
            case Held(number):
                with _fault_points(*places):
                    self._run_held(sides[number], sides[1 - number])
            case Behind(table):
                self._run_behind(sides, table)
            case Together():
                _start_together(sides)
        for side in sides:
            side.join(PATIENCE_SECONDS)
        assert not any(side.is_alive() for side in sides), f"a side hangs: {steering}"
        return [side.error for side in sides if side.error]

    def _run_held(self, held: Side, other: Side) -> None:
        try:
            held.start()
            self._wait_until([held])
            other.start()
            self._wait_until([other])
            held.let_go()
            self._wait_until([held])
        finally:
            held.let_go()
            other.let_go()

    def _run_behind(self, sides: list[Side], table: str) -> None:
        with db.engine.connect() as connection:
            connection.execute(text(f"SELECT 1 FROM {table} FOR NO KEY UPDATE"))
            _start_together(sides)
            self._wait_until(sides)
            connection.rollback()

    def _wait_until(self, sides: list[Side]) -> None:
        """Return when each side has ended, is held, or waits for a lock: whoever has that goes on then."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        with db.engine.connect() as connection:
            while (busy := sum(side.is_busy() for side in sides)) and time.monotonic() < ends_at:
                if connection.execute(_WAITING).scalar_one() >= busy:
                    return
                connection.rollback()
                # Not for an effect: between two looks the sides need the processor.
                time.sleep(LOOK_SECONDS)

    def _note_error(self, context: Any) -> None:
        code = getattr(context.original_exception, "pgcode", None)
        if code in (DEADLOCK_DETECTED, SERIALIZATION_FAILURE):
            self.deadlocks.append(f"{context.original_exception} {context.statement}")


@contextmanager
def _fault_points(*places: str | None) -> Iterator[None]:
    """Let the sides be held at fault points: the product looks up there what to do."""
    names = {place for place in places if place}
    faults._actions.update({name: _meet(name) for name in names})
    try:
        yield
    finally:
        for name in names:
            del faults._actions[name]


def _start_together(sides: list[Side]) -> None:
    barrier = threading.Barrier(len(sides))
    for side in sides:
        side.starts_with = barrier
        side.start()


def _meet(place: str) -> Callable[[], None]:
    def act() -> None:
        side = threading.current_thread()
        if isinstance(side, Side):
            side.meet(place)

    return act


def _count_statement(*_event: Any) -> None:
    side = threading.current_thread()
    if isinstance(side, Side):
        side.count_statement()
