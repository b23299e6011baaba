"""Serving: keep-alive, clear refusals, an orderly end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from kiaai.config import Settings
from kiaai.errors import SettingsError
from kiaai.sandbox.server import SandboxServer, serve
from tests.embedded.conftest import free_port
from tests.sandbox.conftest import Graph


def test_it_refuses_to_start_when_a_token_is_set(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="WHATSAPP_API_TOKEN"):
        serve(replace(settings, is_sandbox=False))


def test_it_names_the_port_that_is_taken(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SettingsError, match=f"Port {port} is taken"):
            serve(replace(settings, port=port - 1))


def test_a_connection_serves_many_requests(whatsapp: SandboxServer, graph: Graph) -> None:
    used = set()

    for _ in range(3):
        with graph.http.get(f"{graph.base}/{graph.number_id}", timeout=10, stream=True) as response:
            used.add(response.raw.connection.sock.getsockname())  # type: ignore[union-attr]  # it is open
            response.json()

    assert len(used) == 1


def test_a_refused_upload_does_not_spoil_the_connection(whatsapp: SandboxServer, graph: Graph) -> None:
    body = b"0" * 300_000

    refused = graph.http.post(f"{graph.base}/123/media", data=body, timeout=10)

    assert refused.status_code == 400
    assert graph.get(graph.number_id).status_code == 200


def test_its_end_closes_what_clients_still_hold(settings: Settings) -> None:
    with SandboxServer(settings) as server:
        server.faults.next("silent", on="any")
        connection = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5)
        connection.sendall(
            b"GET /v25.0/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            + settings.whatsapp_api_token.encode()
            + b"\r\n\r\n"
        )

    with connection:
        assert _is_closed(connection)


def test_it_serves_on_the_port_after_the_webs_and_ends_with_sigterm(
    settings: Settings, tmp_path: Path
) -> None:
    port = free_port() + 1
    code = (
        "from kiaai.config import Settings; from kiaai.sandbox.server import serve; "
        "serve(Settings.from_environment())"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "KIAAI_ENV_FILE": os.devnull,
        "PORT": str(port - 1),
        "INSTANCE_PATH": str(tmp_path),
    }
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        until(lambda: _answers(f"http://127.0.0.1:{port}/"))
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=15) == 0
        assert (tmp_path / "sandbox.db").exists()
    finally:
        process.kill()
        process.wait()


def test_it_needs_nothing_of_the_products_database() -> None:
    code = "import sys, kiaai.sandbox.server; print(*sys.modules)"

    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"sqlalchemy", "celery", "kiaai.extensions", "requests", "psycopg2"} & set(modules)


def until(is_done: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline, "not in time"


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the server has closed it, perhaps after a last answer."""
    try:
        while connection.recv(10_000):
            pass
        return True
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).status_code == 200
    except requests.ConnectionError:
        return False
