"""The main job, end to end, with each kind of broker and with none.

With the broker that comes along at each run of the tests; the others, which take a minute, with the faults.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Product
from tests.faults.brokers import RabbitMQ, require_rabbitmq

pytestmark = pytest.mark.e2e

DANA = "56900000001"

Start = Callable[..., Product]


def main_job(product: Product) -> None:
    """A customer writes, the bot answers, a person answers, and the ticks turn."""
    product.write(DANA, "Hola, quiero hablar con una persona")
    product.until(lambda: product.thread(DANA), "the message in the inbox")
    product.until(lambda: product.received(DANA), "the bot's answer on the phone")

    sent = product.api("POST", "/api/send-message", {"to": DANA, "message": "Hola, soy Alicia 👋"})

    assert sent["success"] is True
    product.until(lambda: "Hola, soy Alicia 👋" in product.received(DANA), "the answer on the phone")
    product.until(
        lambda: product.thread(DANA)[-1]["status"] in ("delivered", "read"), "the tick of the answer"
    )
    assert [message["author"] for message in product.thread(DANA)] == ["customer", "bot", "api"]


def test_it_works_with_the_broker_that_comes_along(start: Start) -> None:
    main_job(start())


@pytest.mark.faults
def test_it_works_with_no_broker_at_all(start: Start) -> None:
    product = start(BROKER_URL="redis://127.0.0.1:1/0", REDIS_URL="redis://127.0.0.1:1/0")

    main_job(product)

    assert product.ready()["broker"] == "down"


@pytest.mark.faults
@pytest.mark.services
def test_it_works_with_rabbitmq(start: Start, rabbitmq: str) -> None:
    product = start(BROKER_URL=rabbitmq)

    main_job(product)

    assert product.ready()["broker"] == "up"


@pytest.mark.faults
def test_it_starts_again_on_the_same_data_and_forgets_nothing(start: Start) -> None:
    first = start()
    main_job(first)
    before = first.thread(DANA)
    assert first.stop() == 0

    second = start()

    assert second.thread(DANA) == before


@pytest.fixture
def rabbitmq(folder: Path) -> Iterator[str]:
    """Run a RabbitMQ node of this test's own."""
    require_rabbitmq()
    node = RabbitMQ(folder / "rabbitmq")
    yield node.direct_url
    node.close()
