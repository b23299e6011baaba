"""How the product connects: time limits on every connection, and a pool of the webhook's own."""

from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

# SQLSTATEs after which the same transaction may simply be tried again.
SERIALIZATION_FAILURE = "40001"
DEADLOCK_DETECTED = "40P01"
FOREIGN_KEY_VIOLATION = "23503"
# Connection failures, too many connections, shutdown or start-up, lock and statement time-outs.
UNAVAILABLE = ("08", "53300", "57P", "55P03", "57014", "25P03")

# As many as the web process has threads: one more would be opened, and its statements planned, each time.
KEPT_CONNECTIONS = 16

# Every statement is a short one, and compiling a plan takes longer than any of them runs.
_LIMITS = "-c idle_in_transaction_session_timeout=5000 -c timezone=UTC -c jit=off"
# The webhook's statements are planned once per connection, perhaps over tables that are still empty:
# what is right at a million rows is right from the start.
_WEBHOOK_LIMITS = (
    f"{_LIMITS} -c lock_timeout=1500 -c statement_timeout=2500"
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
)


def engine_options(application_name: str) -> dict[str, Any]:
    """Return the options of the engine behind pages, API and workers."""
    return {
        # Texts and hashes stay out of error messages, and so out of the log.
        "hide_parameters": True,
        "pool_size": KEPT_CONNECTIONS,
        # A worker has 51 threads in its pools, and the sweep; 16 more, for a model, hold none as they wait.
        "max_overflow": 40,
        "pool_timeout": 5,
        "connect_args": _connect_args(application_name, _LIMITS),
    }


def webhook_engine_options() -> dict[str, Any]:
    """Return the options of the webhook's engine: few connections, and quick to give up."""
    return {
        "hide_parameters": True,
        "pool_size": KEPT_CONNECTIONS,
        "max_overflow": 16,
        # With the 2 s of a connection attempt, less than the 3 s within which Meta gets its answer.
        "pool_timeout": 0.8,
        "connect_args": _connect_args("kiaai webhook", _WEBHOOK_LIMITS),
    }


def is_retryable(error: DBAPIError) -> bool:
    """Tell whether PostgreSQL rolled the transaction back only because of others at work."""
    return getattr(error.orig, "pgcode", None) in (SERIALIZATION_FAILURE, DEADLOCK_DETECTED)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the database could not be asked: away, starting, or too slow to answer in time."""
    if isinstance(error, TimeoutError | InterfaceError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError):
        return False
    # Without a code there was no server to give one. Other operational errors are about the statement.
    code = getattr(error.orig, "pgcode", None)
    return code is None or code.startswith(UNAVAILABLE)


def _connect_args(application_name: str, options: str) -> dict[str, Any]:
    # tcp_user_timeout: a peer that went silent is given up after 3 s, in milliseconds.
    return {
        "application_name": application_name,
        "connect_timeout": 2,
        "tcp_user_timeout": 3000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "options": options,
    }
