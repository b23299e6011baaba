"""The plan of every query behind the measured pages, written down to be read."""

import re
import textwrap
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
INTRODUCTION = """# Plans at {size} messages

Every query behind the measured pages, and how PostgreSQL went about it, with the rows that each step met.
"""
# Times and costs differ in each run; the rows that were met are what grows, or does not.
_EXPLAIN = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) "
# The names of sessions and keys are nobody's business.
_SECRET = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}")

_Statement = tuple[str, Any]


def write(stage: Stage, calls: dict[str, Call], size: int | None) -> int:
    """Write the plans of all queries behind these pages; return how many read a whole table of messages."""
    from bench.app import make_app

    app = make_app(Settings.from_environment(stage.environment()))
    pages: dict[str, list[str]] = {}
    plans: dict[str, list[str]] = {}
    with app.app_context():
        for page, call in calls.items():
            for statement, values in _statements(app, call):
                pages.setdefault(statement, []).append(page)
                if statement not in plans or _met(plans[statement]) == 0:
                    plans[statement] = _explain(statement, values)
        for engine in db.engines.values():
            engine.dispose()
    FILE.parent.mkdir(parents=True, exist_ok=True)
    parts = [_part(statement, pages[statement], plan) for statement, plan in plans.items()]
    FILE.write_text("\n".join([INTRODUCTION.format(size=written(size or 0)), *parts]))
    return sum("Seq Scan on messages" in line for plan in plans.values() for line in plan)


def _part(statement: str, pages: list[str], plan: list[str]) -> str:
    shown = "\n".join([textwrap.dedent(statement).strip(), "", *plan])
    return f"## {'; '.join(pages)}\n\n```\n{_SECRET.sub('...', shown)}\n```\n"


def _met(plan: list[str]) -> float:
    """Return how many rows the whole query answered."""
    found = re.search(r"actual rows=([\d.]+)", plan[0])
    return float(found.group(1)) if found else 0


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
        rows = connection.exec_driver_sql(_EXPLAIN + statement, values)
        return [row[0] for row in rows]
