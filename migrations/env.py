"""Run migrations over the app's own engine, one process at a time."""

import time

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from kiaai.models import Base

# An arbitrary number: two starts at once migrate one after the other.
MIGRATION_LOCK = 7_206_451


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        # Waiting for another start, or a long index build, is not idleness.
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        _wait_for_turn(connection)
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()


def _wait_for_turn(connection: Connection) -> None:
    # Whoever waits inside a statement holds a snapshot, for which an index built concurrently would wait.
    taken = text("SELECT pg_try_advisory_lock(:lock)")
    while not connection.execute(taken, {"lock": MIGRATION_LOCK}).scalar_one():
        connection.commit()
        time.sleep(0.2)
    connection.commit()


run()
