"""The plan of every query behind the measured pages, written down to be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from bench.figures import written
from bench.load import Call
from bench.stage import Stage
from kiaai.config import ROOT, Settings
from kiaai.extensions import db

FILE = ROOT / "bench" / "results" / "plans.md"
TABLE = "messages"

_Statement = tuple[str, Any]


def write(stage: Stage, calls: list[Call], size: int | None) -> int:
    """Write the plans of all queries behind these pages; return how many read a whole table of messages."""
    from bench.app import make_app

    app = make_app(Settings.from_environment(stage.environment()))
    title = f"# Plans at {written(size or 0)} messages\n"
    scans, parts = 0, [title]
    with app.app_context():
        for call in calls:
            parts.append(f"\n## {call.path}\n")
            for statement, values in _statements(app, call):
                plan = _explain(statement, values)
                scans += sum("Seq Scan on messages" in line for line in plan)
                parts.append("\n```\n" + statement.strip() + "\n\n" + "\n".join(plan) + "\n```\n")
        for engine in db.engines.values():
            engine.dispose()
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("".join(parts))
    return scans


def _statements(app: Flask, call: Call) -> list[_Statement]:
    """Return the queries that a page runs, each once."""
    with _heard() as heard:
        answer = app.test_client(use_cookies=False).open(call.path, method=call.method, headers=call.headers)
        assert answer.status_code == 200, f"{call.path} was answered {answer.status_code}"
    return list({statement: (statement, values) for statement, values in heard}.values())


@contextmanager
def _heard() -> Iterator[list[_Statement]]:
    heard: list[_Statement] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            heard.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


def _explain(statement: str, values: Any) -> list[str]:
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}", values)
        return [row[0] for row in rows]
