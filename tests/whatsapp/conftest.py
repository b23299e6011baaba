"""A small real HTTP server on loopback that answers as each test tells it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kiaai import faults
from kiaai.whatsapp.client import WhatsAppClient

NUMBER_ID = "200000000000001"
TOKEN = "EAA-very-secret-token"
ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+56900000001", "wa_id": "56900000001"}],
    "messages": [{"id": "wamid.KIA1AAAA"}],
}


@dataclass
class Received:
    """One request as it arrived, and from which connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "GraphServer"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        headers = {name.title(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.command, self.path, headers, body, self.client_address))
        self.server.answer(self)

    def reply(
        self, status: int = 200, value: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> None:
        """Answer with JSON, or with raw bytes; header names with `_` for `-`."""
        content = raw if raw is not None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content_Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def drip(self, prefix: bytes, drop: bytes, pause_seconds: float = 0.02) -> None:
        """Write forever, a little at a time, until the client is gone."""
        self.close_connection = True
        try:
            self.wfile.write(prefix)
            while not self.server.is_over.wait(pause_seconds):
                self.wfile.write(drop)
        except OSError:
            self.server.client_left.set()

    def cut(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class GraphServer(ThreadingHTTPServer):
    daemon_threads = True
    answer: Callable[[Handler], object]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[Received] = []
        self.is_over = threading.Event()
        self.client_left = threading.Event()
        self.answer = lambda handler: handler.reply(value=ACCEPTED)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    @classmethod
    def running(cls, wrap: Callable[[Any], Any] = lambda sock: sock) -> Iterator["GraphServer"]:
        """Serve on a thread until the fixture that yields from this ends."""
        server = cls()
        server.socket = wrap(server.socket)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()

    def always(self, status: int = 200, value: Any = None, **options: Any) -> None:
        self.answer = lambda handler: handler.reply(status, value, **options)


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    yield from GraphServer.running()


@pytest.fixture
def client(graph: GraphServer) -> Iterator[WhatsAppClient]:
    client = WhatsAppClient(graph.base, "v25.0", TOKEN, NUMBER_ID)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    yield
    faults.configure("")
