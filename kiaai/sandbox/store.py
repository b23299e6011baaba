"""What the sandbox remembers: one SQLite file, or memory for tests."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    wa_id TEXT UNIQUE,
    bsuid TEXT NOT NULL UNIQUE,
    username TEXT,
    last_inbound_at REAL,
    last_seen_id INTEGER NOT NULL DEFAULT 0,
    typing_until REAL NOT NULL DEFAULT 0,
    is_marketing_stopped INTEGER NOT NULL DEFAULT 0,
    active_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL REFERENCES people (id),
    wamid TEXT NOT NULL UNIQUE,
    is_from_customer INTEGER NOT NULL,
    is_echo INTEGER NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    reply_to TEXT,
    recipient TEXT NOT NULL DEFAULT '',
    send_key TEXT,
    status TEXT NOT NULL DEFAULT 'sent',
    error_code INTEGER,
    customer_reaction TEXT NOT NULL DEFAULT '',
    business_reaction TEXT NOT NULL DEFAULT '',
    is_edited INTEGER NOT NULL DEFAULT 0,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    at REAL NOT NULL,
    changed INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_of_person ON messages (person_id, id);
CREATE INDEX IF NOT EXISTS messages_changed ON messages (person_id, changed);
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    dies_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS hooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    body BLOB NOT NULL,
    wamid TEXT,
    order_at REAL NOT NULL,
    next_try_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    first_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """One connection behind one lock: the sandbox writes little, and order is worth more than speed."""

    def __init__(self, path: Path | None = None):
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None, timeout=5
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)
        self._changed = int(self.row("SELECT coalesce(max(changed), 0) AS n FROM messages")["n"])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block in one transaction; a block inside another joins it."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._connection.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def run(self, sql: str, *values: Any) -> int:
        """Run one statement; return the id of the row it inserted."""
        with self._lock:
            return self._connection.execute(sql, values).lastrowid or 0

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def find_row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        return next(iter(self.rows(sql, *values)), None)

    def row(self, sql: str, *values: Any) -> sqlite3.Row:
        """Return the one row. Raises LookupError when there is none."""
        row = self.find_row(sql, *values)
        if row is None:
            raise LookupError(sql)
        return row

    def next_change(self) -> int:
        """Return a number above all before it: what a poll asks for changes since. Call in a transaction."""
        with self._lock:
            self._changed += 1
            return self._changed

    def note(self, name: str) -> str:
        row = self.find_row("SELECT value FROM notes WHERE name = ?", name)
        return str(row["value"]) if row else ""

    def keep_note(self, name: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", name, value)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
