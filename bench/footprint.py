"""What the product needs while it does nothing: memory, processor, and time to start."""

import time
from collections.abc import Iterator

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
        share = (_cpu_seconds(product) - before) / (time.monotonic() - began)
    yield at_most(PART, "idle: share of one core", 100 * share, 5, "%")


def _pss_bytes(product: Product) -> int:
    return sum(process.memory_full_info().pss for process in product.processes())


def _cpu_seconds(product: Product) -> float:
    total = 0.0
    for process in product.processes():
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
