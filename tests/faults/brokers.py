"""The brokers that tests can break, each behind a proxy: Valkey, RabbitMQ, and none at all."""

import os
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
from kombu.connection import Connection
from kombu.exceptions import KombuError

from kiaai.embedded import valkey
from kiaai.embedded.sockets import socket_folder
from tests.embedded.conftest import free_port
from tests.faults.processes import Part, resume_process, stop_process, until
from tests.faults.proxy import Proxy

KINDS = ("valkey", "rabbitmq", "none")
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# Erlang takes its time on a busy machine.
RABBITMQ_SECONDS = 120.0


class Broker(Protocol):
    """A broker, and the proxy through which the product reaches it."""

    proxy: Proxy

    @property
    def url(self) -> str:
        """Return its address behind the proxy."""

    def start(self) -> None:
        """Start it, if it does not run, and wait until it answers."""

    def end(self) -> None:
        """SIGTERM, and wait for its end."""

    def stop(self) -> None:
        """SIGSTOP: it keeps its connections and does nothing."""

    def resume(self) -> None: ...

    def forget(self) -> None:
        """Lose every doorbell and every queue."""

    def close(self) -> None:
        """End it for good."""


class Valkey:
    """The Valkey that comes along, in a folder of its own."""

    def __init__(self, instance: Path):
        self._instance = instance
        valkey.start(instance)
        self._address = valkey.broker_url(instance).removeprefix("redis+socket://")
        self.proxy = Proxy(self._address)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.proxy.port}/0"

    def start(self) -> None:
        if not valkey.is_ready(self._instance):
            valkey.start(self._instance)

    def end(self) -> None:
        valkey.stop(self._instance)

    def stop(self) -> None:
        stop_process(self._pid())

    def resume(self) -> None:
        resume_process(self._pid())

    def forget(self) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(self._address)
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16).startswith(b"+OK")

    def close(self) -> None:
        self.proxy.refuse()
        self.end()
        shutil.rmtree(socket_folder(self._instance / "valkey", valkey.SOCKET), ignore_errors=True)

    def _pid(self) -> int:
        return int((self._instance / "valkey" / "valkey.pid").read_text())


class RabbitMQ:
    """A RabbitMQ node of its own."""

    def __init__(self, folder: Path):
        folder.mkdir(exist_ok=True)
        (folder / "enabled_plugins").write_text("[].")
        self._port = free_port()
        self._node = Part("rabbitmq", (str(RABBITMQ),), self._environment(folder), folder)
        self.start()
        self.proxy = Proxy(("127.0.0.1", self._port))

    @property
    def url(self) -> str:
        return _amqp(self.proxy.port)

    @property
    def direct_url(self) -> str:
        return _amqp(self._port)

    def start(self) -> None:
        self._node.start()
        until(self._answers, "RabbitMQ", RABBITMQ_SECONDS)

    def end(self) -> None:
        self._node.end(RABBITMQ_SECONDS)

    def stop(self) -> None:
        self._node.stop()

    def resume(self) -> None:
        self._node.resume()

    def forget(self) -> None:
        with Connection(self.direct_url, connect_timeout=5) as connection:
            connection.default_channel.queue_delete(queue="celery")

    def close(self) -> None:
        self.proxy.refuse()
        self._node.end(RABBITMQ_SECONDS)
        epmd = shutil.which("epmd") or "epmd"
        subprocess.run([epmd, "-port", str(self._port + 1), "-kill"], check=False, capture_output=True)

    def _answers(self) -> bool:
        assert self._node.is_running, self._node.log()[-4000:]
        with suppress(OSError, KombuError), Connection(self.direct_url, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
            return True
        return False

    def _environment(self, folder: Path) -> dict[str, str]:
        port = self._port
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            # One process, without the shell that Debian's script else leaves around it.
            "RUNNING_UNDER_SYSTEMD": "1",
            "RABBITMQ_NODENAME": f"kiaai-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(port + 20000 if port < 40000 else port - 20000),
            "ERL_EPMD_PORT": str(port + 1),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(folder),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        }


class Nobody:
    """No broker: a port where nobody listens. Nothing more can happen to it."""

    def __init__(self) -> None:
        self.proxy = Proxy(("127.0.0.1", 1))
        self.proxy.abandon()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.proxy.port}/0"

    def start(self) -> None:
        pass

    def end(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def resume(self) -> None:
        pass

    def forget(self) -> None:
        pass

    def close(self) -> None:
        self.proxy.refuse()


def make_broker(kind: str, folder: Path) -> Broker:
    """Start a broker of this kind; its files go below the folder."""
    if kind == "rabbitmq":
        return RabbitMQ(folder / kind)
    return Valkey(folder / kind) if kind == "valkey" else Nobody()


def require_rabbitmq() -> None:
    """Skip the test where RabbitMQ is not installed, or fail it where nothing may be skipped."""
    if not RABBITMQ.exists():
        if os.environ.get("KIAAI_REQUIRE_SERVICES"):
            pytest.fail("RabbitMQ is required here; install the package rabbitmq-server")
        pytest.skip("RabbitMQ is not installed (Debian package rabbitmq-server)")


def _amqp(port: int) -> str:
    return f"amqp://guest:guest@127.0.0.1:{port}//"
