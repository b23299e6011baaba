"""Locks that the kernel lets go of when their holder dies, however it dies."""

import fcntl
import os
from pathlib import Path


def try_lock(path: Path) -> int | None:
    """Take the lock for this process alone; return its descriptor, or None when someone holds it."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def share_lock(path: Path) -> int:
    """Take the lock together with others; wait while one holds it alone."""
    descriptor = _open(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def is_locked(path: Path) -> bool:
    """Tell whether someone holds the lock."""
    descriptor = try_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
