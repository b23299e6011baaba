"""Statements that a connection plans once: planning the poll of a list takes twice as long as running it.

PREPARE belongs to the session and survives a rollback. A pooler between us and PostgreSQL must therefore
keep sessions, as for the webhook.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, CursorResult, TextClause, text

_PARAMETER = re.compile(r"(?<!:):(\w+)")
# A plan takes 0.4 MB of the server's memory in each connection; those not used for longest go first.
MOST_KEPT = 6
# No name is used twice, as a statement may stay behind where its first run was cut short.
_numbers = count(1)
# One plan for all values, for this transaction. Otherwise those that stand for a place are planned each time.
_PLANNED_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"


@dataclass(frozen=True)
class _Kept:
    """A statement that a connection has planned, and how to run it."""

    name: str
    execute: TextClause


def run(connection: Connection, sql: str, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Run a statement whose parameters are written `:name`, prepared at its first time, in one round trip."""
    known: dict[str, _Kept] = connection.info.setdefault("prepared", {})
    kept = known.pop(sql, None)
    if kept is None:
        return _run_first(connection, sql, values, known)
    found = connection.execute(kept.execute, values)
    known[sql] = kept  # the last one used stands last
    return found


def _run_first(
    connection: Connection, sql: str, values: Mapping[str, Any], known: dict[str, _Kept]
) -> CursorResult[Any]:
    numbered, arguments = _numbered(sql)
    steps = [f"DEALLOCATE {known.pop(next(iter(known))).name}"] if len(known) >= MOST_KEPT else []
    name = f"kiaai_{next(_numbers)}"
    execute = f"{_PLANNED_ONCE}; EXECUTE {name} ({arguments})"
    found = connection.execute(text("; ".join([*steps, f"PREPARE {name} AS {numbered}", execute])), values)
    known[sql] = _Kept(name, text(execute))
    return found


@cache
def _numbered(sql: str) -> tuple[str, str]:
    """Return the statement with its parameters numbered, and what to give it."""
    names = list(dict.fromkeys(_PARAMETER.findall(sql)))
    numbered = _PARAMETER.sub(lambda match: f"${names.index(match.group(1)) + 1}", sql)
    return numbered, ", ".join(f":{name}" for name in names)
