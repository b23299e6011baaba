"""The one place that knows what time it is for windows and message times."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware, in UTC. Tests replace this function."""
    return datetime.now(UTC)
