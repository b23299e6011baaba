"""A sandbox on a free port, and a real receiver for its webhooks."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from kiaai.config import Settings
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.signature import is_signed
from tests.sandbox import CAMILA

Json = dict[str, Any]


class Receiver:
    """Takes webhooks like the product does: checks the signature, then answers.

    answers: HTTP statuses for the next ones; 200 after that.
    """

    def __init__(self, secret: str):
        self.secret = secret
        self.bodies: list[bytes] = []
        self.refused = 0
        self.answers: list[int] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def values(self) -> list[Json]:
        """The `value` of every change accepted so far."""
        with self._changed:
            bodies = list(self.bodies)
        return [json.loads(body)["entry"][0]["changes"][0]["value"] for body in bodies]

    @property
    def messages(self) -> list[Json]:
        return [message for value in self.values for message in value.get("messages", [])]

    @property
    def statuses(self) -> list[Json]:
        return [status for value in self.values for status in value.get("statuses", [])]

    def wait(self, is_enough: Callable[[], bool], seconds: float = 5) -> bool:
        with self._changed:
            return self._changed.wait_for(is_enough, timeout=seconds)

    def take(self, body: bytes, signature: str | None) -> int:
        with self._changed:
            if not is_signed(body, signature, [self.secret]):
                self.refused += 1
                status = 401
            else:
                status = self.answers.pop(0) if self.answers else 200
            if status == 200:
                self.bodies.append(body)
            self._changed.notify_all()
        return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(body, self.headers.get("X-Hub-Signature-256")))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the tests' output clean."""

        return Handler


class Graph:
    """A minimal client: what the documentation says to send, with nothing clever."""

    def __init__(self, base: str, settings: Settings):
        self.number_id = settings.whatsapp_phone_number_id
        self.account_id = settings.whatsapp_business_account_id
        self.base = f"{base}/{settings.whatsapp_api_version}"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {settings.whatsapp_api_token}"

    def post(self, path: str, body: Json, timeout: float = 10) -> requests.Response:
        return self.http.post(f"{self.base}/{path}", json=body, timeout=timeout)

    def get(self, path: str, **params: str) -> requests.Response:
        return self.http.get(f"{self.base}/{path}", params=params, timeout=10)

    def send(
        self, kind: str = "text", content: Any = None, timeout: float = 10, **more: Any
    ) -> requests.Response:
        """Send to Camila, unless `to` or `recipient` says otherwise."""
        content = {"body": "Hola"} if content is None else content
        body = {"messaging_product": "whatsapp", "to": CAMILA, "type": kind, kind: content, **more}
        return self.post(f"{self.number_id}/messages", body, timeout)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a newcomer: nothing is set. No database is needed here."""
    environment = {
        "KIAAI_ENV_FILE": os.devnull,
        "INSTANCE_PATH": str(tmp_path_factory.mktemp("sandbox-instance")),
        "BUSINESS_NAME": "Café Ñuble",
    }
    return Settings.from_environment(environment)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    receiver = Receiver(settings.whatsapp_app_secrets[0])
    yield receiver
    receiver.close()


@pytest.fixture
def whatsapp(settings: Settings, receiver: Receiver) -> Iterator[SandboxServer]:
    with SandboxServer(settings, webhook_url=receiver.url) as server:
        yield server


@pytest.fixture
def graph(whatsapp: SandboxServer, settings: Settings) -> Graph:
    return Graph(whatsapp.url, settings)


@pytest.fixture
def in_window(whatsapp: SandboxServer) -> str:
    """Let Camila write first, so that she may be answered; return her message's id."""
    return whatsapp.write(CAMILA, "Hola, ¿están abiertos?")


def error_of(response: requests.Response) -> tuple[int, int]:
    """Return the HTTP status and the Graph code of a refusal."""
    return response.status_code, response.json()["error"]["code"]
