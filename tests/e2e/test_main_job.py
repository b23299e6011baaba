"""The main job, end to end, with each kind of broker and with none."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu.connection import Connection
from kombu.exceptions import KombuError

from tests.e2e.conftest import PATIENCE_SECONDS, Product
from tests.embedded.conftest import free_port

pytestmark = pytest.mark.e2e

DANA = "56900000001"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

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


def test_it_works_with_no_broker_at_all(start: Start) -> None:
    product = start(BROKER_URL="redis://127.0.0.1:1/0", REDIS_URL="redis://127.0.0.1:1/0")

    main_job(product)

    assert product.ready()["broker"] == "down"


@pytest.mark.services
def test_it_works_with_rabbitmq(start: Start, rabbitmq: str) -> None:
    product = start(BROKER_URL=rabbitmq)

    main_job(product)

    assert product.ready()["broker"] == "up"


def test_it_starts_again_on_the_same_data_and_forgets_nothing(start: Start) -> None:
    first = start()
    main_job(first)
    before = first.thread(DANA)
    assert first.stop() == 0

    second = start()

    assert second.thread(DANA) == before


@pytest.fixture
def rabbitmq() -> Iterator[str]:
    """Run a RabbitMQ node of this test's own."""
    if not RABBITMQ.exists():
        if os.environ.get("KIAAI_REQUIRE_SERVICES"):
            pytest.fail("RabbitMQ is required here; install the package rabbitmq-server")
        pytest.skip("RabbitMQ is not installed (Debian package rabbitmq-server)")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kiaai-rabbit-") as folder:
        (Path(folder) / "enabled_plugins").write_text("[].")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "RABBITMQ_NODENAME": f"kiaai-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(port + 20000 if port < 40000 else port - 20000),
            "ERL_EPMD_PORT": str(port + 1),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": folder,
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
        }
        with (Path(folder) / "out").open("wb") as out:
            node = subprocess.Popen([str(RABBITMQ)], env=environment, stdout=out, stderr=out)
        try:
            url = f"amqp://guest:guest@127.0.0.1:{port}//"
            _wait_for_broker(url, Path(folder) / "out")
            yield url
        finally:
            node.terminate()
            node.wait(PATIENCE_SECONDS)
            epmd = shutil.which("epmd") or "epmd"
            subprocess.run([epmd, "-port", str(port + 1), "-kill"], check=False, capture_output=True)


def _wait_for_broker(url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with Connection(url, connect_timeout=2) as connection:
                connection.ensure_connection(max_retries=1, timeout=2)
                return
        except (OSError, KombuError):
            assert time.monotonic() < deadline, log.read_text()[-4000:]
            time.sleep(0.2)
