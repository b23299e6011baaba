"""Run a piece of work as one transaction; for the rooms that must save before and after a call."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from kiaai.database import is_retryable
from kiaai.extensions import db
from kiaai.faults import fault_point

T = TypeVar("T")

TRANSACTION_TRIES = 3


def commit(work: Callable[[], T], place: str = "") -> T:
    """Run the work, commit, and end the session: nothing is open afterwards.

    The whole is repeated when PostgreSQL says that only others were in the way. place: prefix of the
    fault points `before_commit` and `after_commit`.
    """
    for attempt in range(1, TRANSACTION_TRIES + 1):
        try:
            result = work()
            fault_point(f"{place}before_commit")
            db.session.commit()
            fault_point(f"{place}after_commit")
            return result
        except DBAPIError as error:
            db.session.rollback()
            if not is_retryable(error) or attempt == TRANSACTION_TRIES:
                raise
        finally:
            db.session.remove()
    raise AssertionError("unreachable")
