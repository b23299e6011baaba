"""A client that neither sends the rest of its request nor takes its answer loses its connection."""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# So long nothing at all may move on a connection while a request is being served.
PATIENCE_SECONDS = 20.0


class Impatient:
    """Serve with a time limit on the connection, where the web server lets us have it.

    Gunicorn waits without limit otherwise, and a few such clients take all threads. This stands outermost:
    others read the body before any view does.
    """

    def __init__(self, wsgi_app: "WSGIApplication"):
        self._wsgi_app = wsgi_app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        connection: socket.socket | None = environ.get("gunicorn.socket")
        if connection is None:
            return self._wsgi_app(environ, start_response)
        connection.settimeout(PATIENCE_SECONDS)
        environ["wsgi.input"] = _Body(environ["wsgi.input"], connection)
        answer = self._wsgi_app(environ, start_response)
        if _drop_when_not_taken(connection):
            # Python limits the whole of an answer: one that is slow, but comes, would be cut off.
            connection.settimeout(None)
        return answer


class _Body:
    """The body of a request; one that does not come ends the connection."""

    def __init__(self, body: Any, connection: socket.socket):
        self._body = body
        self._connection = connection

    def read(self, *size: int) -> bytes:
        return self._or_hang_up(self._body.read, *size)

    def readline(self, *size: int) -> bytes:
        return self._or_hang_up(self._body.readline, *size)

    def readlines(self, *size: int) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _or_hang_up(self, read: Callable[..., bytes], *size: int) -> bytes:
        try:
            return read(*size)
        except TimeoutError:
            # Both ways: else Gunicorn waits two seconds for the client to close and accepts nobody.
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
            raise


def _drop_when_not_taken(connection: socket.socket) -> bool:
    """Let the kernel end the connection when what is sent is not taken; tell whether it can."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or not hasattr(socket, "TCP_USER_TIMEOUT"):
        return False
    milliseconds = int(PATIENCE_SECONDS * 1000)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    return True
