"""Run migrations over the app's own engine, one process at a time."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from kiaai.models import Base

# An arbitrary number: two starts at once migrate one after the other.
MIGRATION_LOCK = 7_206_451


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        # Waiting for another start, or a long index build, is not idleness.
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()


run()
