"""Where the time of one webhook body goes, in the web process and in PostgreSQL."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from unittest.mock import patch

from sqlalchemy import event

from bench import bodies, pgbench
from bench.figures import Figure
from bench.ingest import CUSTOMERS
from bench.load import Call
from bench.stage import Stage
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.webhook import intake, receiving
from kiaai.webhook.folding import fold
from kiaai.whatsapp.inbound import parse

PART = "Profile"
BODIES = 1500
WARMED_UP = 300
# What pgbench calls each statement of the hot path, and what we do.
STATEMENTS = {
    "INSERT INTO webhook_events": "journal",
    "EXECUTE kiaai_lock_leads": "lock the leads",
    "EXECUTE kiaai_lock_conversations": "lock the conversations",
    "EXECUTE kiaai_store": "messages and their effects",
    "EXECUTE kiaai_check": "check",
    "COMMIT": "commit",
}

T = TypeVar("T")


class _Clock:
    """Adds up the seconds of each kind of work in one thread."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def timed(self, what: str, work: Callable[..., T]) -> Callable[..., T]:
        def run(*arguments: Any) -> T:
            began = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                self.seconds[what] += time.perf_counter() - began

        return run

    def listen(self, engine: Any) -> None:
        """Time how long this process waits for PostgreSQL."""
        began = [0.0]

        def begin(*_query: Any) -> None:
            began[0] = time.perf_counter()

        def end(*_query: Any) -> None:
            self.seconds["wait for PostgreSQL"] += time.perf_counter() - began[0]

        event.listen(engine, "before_cursor_execute", begin)
        event.listen(engine, "after_cursor_execute", end)
        engine.dialect.do_commit = self.timed("wait for PostgreSQL", engine.dialect.do_commit)


def of_one_body(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure one body at a time, without a network: mean milliseconds of each step."""
    yield from _in_the_web_process(stage, size)
    yield from _in_postgresql(stage, size)


def _in_the_web_process(stage: Stage, size: int | None) -> Iterator[Figure]:
    from bench.app import make_app

    app = make_app(Settings.from_environment(stage.environment()))
    clock = _Clock()
    with app.app_context():
        clock.listen(db.engines["webhook"])
    client = app.test_client(use_cookies=False)

    def post(call: Call) -> None:
        answer = client.open(call.path, method=call.method, headers=call.headers, data=call.body)
        assert answer.status_code == 200, f"a body was answered {answer.status_code}"

    calls = bodies.one_text_each(WARMED_UP + BODIES, CUSTOMERS)
    reading, folding = clock.timed("read the body", parse), clock.timed("fold it into rows", fold)
    with patch.object(receiving, "parse", reading), patch.object(intake, "fold", folding):
        for call in calls[:WARMED_UP]:
            post(call)
        clock.seconds.clear()
        began = time.perf_counter()
        for call in calls[WARMED_UP:]:
            post(call)
        whole = time.perf_counter() - began
    around = _seconds_of_nothing(client)
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
    steps = {"Flask and the client of this measurement": around, **clock.seconds}
    steps["signature, SQLAlchemy and the rest"] = whole - sum(steps.values())
    yield Figure(PART, "a body, all of it", 1000 * whole / BODIES, "ms", size)
    for what, seconds in steps.items():
        yield Figure(PART, what, 1000 * seconds / BODIES, "ms", size)


def _seconds_of_nothing(client: Any) -> float:
    """Return what as many requests cost that are answered at once."""
    began = time.perf_counter()
    for _ in range(BODIES):
        assert client.get("/webhook?hub.mode=none").status_code == 403
    return time.perf_counter() - began


def _in_postgresql(stage: Stage, size: int | None) -> Iterator[Figure]:
    if not pgbench.is_there():
        print("profile: pgbench is not there; PostgreSQL is left out", flush=True)
        return
    said = pgbench.run(stage, 1, CUSTOMERS, in_one_trip=False).milliseconds
    # BEGIN does next to nothing: what it takes is the way there and back.
    trip = min(ms for _sql, ms in said if ms > 0)
    for begin, name in STATEMENTS.items():
        ms = next(ms for sql, ms in said if sql.startswith(begin))
        yield Figure(PART, f"in PostgreSQL: {name}", ms - trip, "ms", size)
