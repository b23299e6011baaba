"""The plan of every query behind the measured pages, written down to be read."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import event

from bench.figures import written
from bench.load import Call
from bench.stage import Stage
from kiaai.config import Settings
from kiaai.extensions import db

FILE = "plans.md"
INTRODUCTION = """# Plans at {size} messages

Every query behind the measured pages, and how PostgreSQL went about it, with the rows that each step met.
"""
# Times and costs differ in each run; the rows that were met are what grows, or does not.
_EXPLAIN = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) "
# What differs between two plans that go the same way.
_DETAIL = re.compile(r"'[^']*'|[\d.]+")
# The names of sessions and keys are nobody's business.
_SECRET = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}")

# A query that a connection plans once, as kiaai/inbox/prepared.py writes it: at its first time, and later.
_PREPARE = re.compile(r"PREPARE (\w+) AS (.*?); SET LOCAL", re.DOTALL)
_EXECUTE = re.compile(r"(SET LOCAL [^;]*;) EXECUTE (\w+) (\(.*\))", re.DOTALL)


@dataclass(frozen=True)
class _Query:
    """A query as it is shown, with what makes PostgreSQL explain it."""

    shown: str
    explain: str
    values: Any


def write(stage: Stage, calls: dict[str, Call], size: int | None) -> int:
    """Write the plans of all queries behind these pages; return how many read a whole table of messages."""
    from bench.app import make_app

    app = make_app(Settings.from_environment(stage.environment()))
    found: dict[str, dict[str, _Way]] = {}
    scans = 0
    with app.app_context():
        for page, call in calls.items():
            for query in _queries(app, call):
                plan = _plan_of(query)
                scans += sum("Seq Scan on messages" in line for line in plan)
                ways = found.setdefault(query.shown, {})
                way = ways.setdefault(_DETAIL.sub("", "\n".join(plan)), _Way(plan))
                way.pages.append(page)
        for engine in db.engines.values():
            engine.dispose()
    parts = [_part(statement, ways.values()) for statement, ways in found.items()]
    stage.results.mkdir(parents=True, exist_ok=True)
    (stage.results / FILE).write_text("\n".join([INTRODUCTION.format(size=written(size or 0)), *parts]))
    return scans


@dataclass
class _Way:
    """A way to answer a query, as it was gone the first time, and the pages that go it."""

    plan: list[str]
    pages: list[str] = field(default_factory=list)


def _part(statement: str, ways: Iterable[_Way]) -> str:
    shown = [f"## {'; '.join(page for way in ways for page in way.pages)}", _code(textwrap.dedent(statement))]
    for way in ways:
        shown += [f"{'; '.join(way.pages)}:", _code("\n".join(way.plan))]
    return "\n\n".join(shown) + "\n"


def _code(text: str) -> str:
    return f"```\n{_SECRET.sub('...', text).strip()}\n```"


def _queries(app: Flask, call: Call) -> list[_Query]:
    """Return the queries that a page runs, each once."""
    with _heard() as heard:
        answer = app.test_client(use_cookies=False).open(call.path, method=call.method, headers=call.headers)
        assert answer.status_code == 200, f"{call.path} was answered {answer.status_code}"
    return list({query.shown: query for query in heard}.values())


@contextmanager
def _heard() -> Iterator[list[_Query]]:
    heard: list[_Query] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if prepare := _PREPARE.search(statement):
            _prepared[prepare[1]] = prepare[2]
        if execute := _EXECUTE.search(statement):
            how, name, arguments = execute.groups()
            shown = _prepared[name]
            # Under a name of its own: the connection that explains may be the one that has it already.
            explain = f"PREPARE shown AS {shown}; {how} {_EXPLAIN} EXECUTE shown {arguments}"
            heard.append(_Query(shown, explain, values))
        elif statement.lstrip().startswith(("SELECT", "WITH")):
            heard.append(_Query(statement, _EXPLAIN + statement, values))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


# By their names, of which a process gives each once.
_prepared: dict[str, str] = {}


def _plan_of(query: _Query) -> list[str]:
    with db.engine.connect() as connection:
        plan = [row[0] for row in connection.exec_driver_sql(query.explain, query.values)]
        # What is prepared outlives a transaction, and no later user may stumble over it.
        connection.invalidate()
        return plan
