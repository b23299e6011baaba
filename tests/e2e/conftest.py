"""Start the product as `make run` does, and talk to it from outside."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.embedded.conftest import folder, free_port, instance
from tests.faults.processes import LIMITS, PATIENCE_SECONDS, Part, answers, environment_for, run_flask, until

__all__ = ["folder", "instance"]


class Product:
    """The running product: its API with a key, and the customers' phones."""

    def __init__(self, instance: Path, **settings: str):
        self.port = free_port()
        self.web = f"http://127.0.0.1:{self.port}"
        self.phones = f"http://127.0.0.1:{self.port + 1}"
        self.environment = environment_for(INSTANCE_PATH=str(instance), PORT=str(self.port), **settings)
        command = (sys.executable, "-m", "kiaai.embedded")
        self._supervisor = Part(f"supervisor-{self.port}", command, self.environment, instance.parent)
        self._supervisor.start()
        self.until(lambda: answers(f"{self.web}/healthz"), "the web to answer")
        self.until(lambda: self.ready().get("worker_seen_at"), "a worker")
        self.until(lambda: answers(self.phones), "the phones")
        self.key = self.flask("api-keys", "create", "e2e").strip()

    @property
    def is_running(self) -> bool:
        return self._supervisor.is_running

    def stop(self) -> int | None:
        self._supervisor.ask_to_end()
        return self._supervisor.wait(PATIENCE_SECONDS)

    def flask(self, *command: str) -> str:
        """Run a `flask` command beside the running product and return what it prints."""
        return run_flask(self.environment, *command)

    def write(self, sender: str, text: str) -> str:
        """Write as a customer on the phone; return the wamid."""
        answer = requests.post(
            f"{self.phones}/sandbox/inbound", json={"from": sender, "text": text}, timeout=LIMITS
        )
        return str(answer.json()["id"])

    def received(self, sender: str) -> list[str]:
        """Return the texts that arrived on the customer's phone, in order."""
        answer = requests.get(f"{self.phones}/sandbox/messages", timeout=LIMITS).json()
        return [message["text"] for message in answer["messages"] if message["to"] == sender]

    def api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        return requests.request(method, self.web + path, json=body, headers=headers, timeout=LIMITS).json()

    def thread(self, phone: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.api("GET", f"/api/conversations/{phone}").get("messages", [])
        return messages

    def ready(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = requests.get(f"{self.web}/readyz", timeout=LIMITS).json()
        except requests.RequestException:
            return {}
        return state

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for something to become true, and return it."""
        return until(condition, what, log=self._supervisor.log)


@pytest.fixture
def start(instance: Path) -> Iterator[Callable[..., Product]]:
    """Start the product on a folder of its own; it is stopped afterwards."""
    running: list[Product] = []

    def run(**settings: str) -> Product:
        running.append(Product(instance, **{"BOT_WAIT_SECONDS": "0.2", **settings}))
        return running[-1]

    yield run
    for product in running:
        if product.is_running:
            product.stop()
