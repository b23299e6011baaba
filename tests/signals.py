"""Signals to processes of which some may end by themselves meanwhile, as those of a connection do."""

from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil


def to_each(processes: Iterable[psutil.Process], deed: Callable[[psutil.Process], None]) -> None:
    """Do it to each process that is still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            deed(process)
