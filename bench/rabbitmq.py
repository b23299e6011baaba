"""A RabbitMQ node for a measurement, on loopback."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kombu.connection import Connection
from kombu.exceptions import KombuError

from bench.stage import free_port, until

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# Erlang takes its time on a busy machine.
START_SECONDS = 120.0


def is_installed() -> bool:
    return SERVER.exists()


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a node with its files in the folder, and give its address."""
    folder.mkdir(exist_ok=True)
    (folder / "enabled_plugins").write_text("[].")
    port, epmd_port, far_port = free_port(), free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RUNNING_UNDER_SYSTEMD": "1",
        "RABBITMQ_NODENAME": f"kiaai-bench-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(far_port),
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
    }
    address = f"amqp://guest:guest@127.0.0.1:{port}//"
    node = subprocess.Popen(
        (str(SERVER),), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: _answers(address), "RabbitMQ", START_SECONDS)
        yield address
    finally:
        node.terminate()
        node.wait(START_SECONDS)
        epmd = shutil.which("epmd") or "epmd"
        subprocess.run((epmd, "-port", str(epmd_port), "-kill"), check=False, capture_output=True)


def _answers(address: str) -> bool:
    with suppress(OSError, KombuError), Connection(address, connect_timeout=2) as connection:
        connection.ensure_connection(max_retries=1, timeout=2)
        return True
    return False
