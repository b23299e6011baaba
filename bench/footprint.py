"""What the product needs while it does nothing: memory, processor, and time to start."""

import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

from bench.figures import Figure, at_most
from bench.product import Product

PART = "Footprint"
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 10.0


def measure() -> Iterator[Figure]:
    """Measure a warm start on data that is there, memory after some use, and idle processor time."""
    with Product(BOT_WAIT_SECONDS="0") as product:
        for number in range(10):
            product.write(number, "Hola")
        product.start_again()
        yield at_most(PART, "start to ready, installed", product.start_seconds, 5, "s")
        for number in range(10):
            product.write(number, "¿Cuál es el horario?")
        time.sleep(SETTLE_SECONDS)
        yield at_most(PART, "memory of all processes (PSS)", _pss_bytes(product) / 2**20, 400, "MB")
        before, began = _cpu_seconds(product), time.monotonic()
        time.sleep(IDLE_SECONDS)
        after, ended = _cpu_seconds(product), time.monotonic()
    # Of a process that is new, all counts.
    spent = sum(seconds - before.get(process, 0.0) for process, seconds in after.items())
    share = spent / (ended - began)
    yield at_most(PART, "idle: share of one core", 100 * share, 5, "%")


def _pss_bytes(product: Product) -> int:
    return sum(process.memory_full_info().pss for process in product.processes())


def _cpu_seconds(product: Product) -> dict[tuple[int, float], float]:
    """Return the processor time of each process, by its id and start."""
    spent = {}
    for process in product.processes():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent[process.pid, process.create_time()] = times.user + times.system
    return spent
