"""Is the port free, and does somebody answer on it."""

import errno
import socket
import time

from kiaai.embedded.errors import EmbeddedError

_REASONS = {
    errno.EADDRINUSE: "is in use by another program. Stop it, or choose another port: make run PORT=9000",
    errno.EACCES: "is reserved for root. Choose one above 1023: make run PORT=8000",
    errno.EADDRNOTAVAIL: "does not exist here: HOST must be an address of this machine",
}


# A killed process gives its port back last, a moment after nothing else of it can be seen.
_PATIENCE_SECONDS = 2


def require_free_port(host: str, port: int, purpose: str) -> None:
    """Raise EmbeddedError when `purpose` could not listen there."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while error := _binding_error(host, port):
        if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            reason = _REASONS.get(error.errno or 0, f"cannot be used: {error.strerror}")
            raise EmbeddedError(f"{host}:{port}, where the {purpose} listens, {reason}.")
        time.sleep(0.05)


def answers(host: str, port: int, path: str) -> bool:
    """Tell whether an HTTP server answers the path with 200."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((_reachable(host), port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _binding_error(host: str, port: int) -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise EmbeddedError(f"HOST is {host!r}, which is no address: {error.strerror}.") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return error
    return None


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
