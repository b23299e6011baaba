"""From a customer's message to the bot's answer: webhook, worker, bot, and the call to the Graph."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import rabbitmq
from bench.figures import Figure, at_most
from bench.product import Product

PART = "Answers"
QUESTIONS = 40
PATIENCE_SECONDS = 20.0


def measure() -> Iterator[Figure]:
    """Measure with the embedded broker, and with RabbitMQ where that is installed."""
    yield from _with_broker("embedded broker")
    if not rabbitmq.is_installed():
        print("answers: RabbitMQ is not installed (Debian package rabbitmq-server); left out", flush=True)
        return
    with (
        tempfile.TemporaryDirectory(prefix="kiaai-bench-") as folder,
        rabbitmq.running(Path(folder) / "rabbitmq") as address,
    ):
        yield from _with_broker("RabbitMQ", BROKER_URL=address)


def _with_broker(name: str, **settings: str) -> Iterator[Figure]:
    with Product(BOT_WAIT_SECONDS="0", **settings) as product:
        seconds = sorted([_one(product, number) for number in range(QUESTIONS)][3:])
    yield at_most(PART, f"message to answer, {name}, median", 1000 * seconds[len(seconds) // 2], 300, "ms")
    yield Figure(PART, f"message to answer, {name}, worst", 1000 * seconds[-1], "ms")


def _one(product: Product, number: int) -> float:
    """Return the seconds for a customer of their own: to one alone, the bot says only so much an hour."""
    written_at = product.write(number, "¿Cuál es el horario?")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (received_at := product.received_at(number)) is None:
        if time.monotonic() > deadline:
            raise SystemExit(f"The bot did not answer within {PATIENCE_SECONDS:g} s.")
        time.sleep(0.01)
    return received_at - written_at
