"""The embedded database for commands, which may run with or without a supervisor, one or several at once."""

import atexit
import fcntl
import os
from functools import cache
from pathlib import Path

from kiaai.embedded import postgres
from kiaai.embedded.locks import is_locked, share_lock
from kiaai.embedded.running import SUPERVISOR_LOCK

COMMANDS_LOCK = "commands.lock"


@cache
def use_database(instance_path: Path) -> str:
    """Return the address of the embedded database; the last command to leave stops it.

    It stays when a supervisor runs: then it is the supervisor's.
    """
    instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Shared by all commands, and taken before looking: one that is just stopping it is waited for.
    lock = share_lock(instance_path / COMMANDS_LOCK)
    url = postgres.start(instance_path)
    atexit.register(_leave, instance_path, lock, os.getpid())
    return url


def _leave(instance_path: Path, lock: int, owner_pid: int) -> None:
    # A forked child shares the lock and runs the same exit.
    if os.getpid() != owner_pid:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if not is_locked(instance_path / SUPERVISOR_LOCK):
        postgres.stop(instance_path)
