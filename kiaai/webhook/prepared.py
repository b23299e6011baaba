"""Statements that a connection plans once: planning took four times as long as running them.

PREPARE belongs to the session and survives a rollback. A pooler between us and PostgreSQL must
therefore keep sessions, not only transactions.
"""

import re

# The parameters of the hot path by name, and their types.
TYPES = {
    "identities": "jsonb",
    "people": "jsonb",
    "messages": "jsonb",
    "receipts": "jsonb",
    "wamids": "text[]",
    "known": "text[]",
    "send_keys": "uuid[]",
    "hashes": "uuid[]",
    "bot_enabled": "boolean",
    "bot_wait": "double precision",
    "now": "timestamptz",
    "keep_orphans": "boolean",
}
_PARAMETER = re.compile(r"(?<!:):(\w+)")


def prepare(name: str, sql: str) -> str:
    """Return the PREPARE of a statement whose parameters are written `:name`."""
    names = _names(sql)
    numbered = _PARAMETER.sub(lambda match: f"${names.index(match.group(1)) + 1}", sql)
    return f"PREPARE {name} ({', '.join(TYPES[name] for name in names)}) AS {numbered}"


def execute(name: str, sql: str) -> str:
    """Return the EXECUTE of a prepared statement, with its parameters written `:name` again."""
    return f"EXECUTE {name} ({', '.join(f'CAST(:{name} AS {TYPES[name]})' for name in _names(sql))})"


def _names(sql: str) -> list[str]:
    return list(dict.fromkeys(_PARAMETER.findall(sql)))
