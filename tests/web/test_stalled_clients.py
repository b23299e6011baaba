"""A real web server whose every thread serves a client that stopped: it goes on serving others."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kiaai.config import ROOT, Settings
from kiaai.embedded.programs import plan_for
from tests.embedded.conftest import free_port

pytestmark = [pytest.mark.enable_socket]

THREADS = 16
# One second of patience, and what the server itself takes to let go of a connection.
SOON_SECONDS = 10
STALLED_POST = b"POST /webhook HTTP/1.1\r\nHost: kia\r\nContent-Length: 100000\r\n\r\n{"
STALLED_READER = b"GET /large HTTP/1.1\r\nHost: kia\r\n\r\n"


@pytest.fixture(scope="module")
def port(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run the web program as the product does, with an app that has little patience."""
    port = free_port()
    web = next(p for stage in plan_for(settings).stages for p in stage if p.name == "web")
    command = [part.replace(f":{settings.port}", f":{port}") for part in web.command]
    command[command.index("wsgi:app")] = "tests.web.impatient:app"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "KIAAI_ENV_FILE": os.devnull,
        "DATABASE_URL": "postgresql://a:b@127.0.0.1:1/none",
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "INSTANCE_PATH": str(tmp_path_factory.mktemp("web")),
        "SECRET_KEY": "only-for-tests-0123456789abcdef",
    }
    log = Path(tmp_path_factory.mktemp("log")) / "web.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    try:
        _wait_for(port, server, log)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if alive(port, 2) == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"The web server did not start: {log.read_text()[-2000:]}")


def alive(port: int, patience_seconds: float) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience_seconds)
    try:
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.faults
@pytest.mark.parametrize("request_bytes", [STALLED_POST, STALLED_READER], ids=["post", "reader"])
def test_clients_that_stop_do_not_keep_the_threads(port: int, request_bytes: bytes) -> None:
    with ExitStack() as stalled:
        for _ in range(THREADS):
            client = stalled.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(request_bytes)

        start = time.monotonic()
        statuses = [alive(port, SOON_SECONDS) for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert time.monotonic() - start < SOON_SECONDS
