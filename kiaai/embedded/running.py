"""What a running supervisor tells the commands beside it: that it runs, and on which port."""

from pathlib import Path

from kiaai.embedded.locks import is_locked

SUPERVISOR_LOCK = "supervisor.lock"
_PORT = "port"


def keep_port(instance_path: Path, port: int) -> None:
    """Note the port for the commands of this folder; good while the supervisor holds its lock."""
    (instance_path / _PORT).write_text(str(port))


def running_port(instance_path: Path) -> str | None:
    """Return the port of the supervisor that runs on this folder, so that links and look-ups find it."""
    try:
        port = (instance_path / _PORT).read_text()
    except OSError:
        return None
    return port if is_locked(instance_path / SUPERVISOR_LOCK) else None
