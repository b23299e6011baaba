"""A small threaded HTTP server for the sandbox, which can break off connections on request."""

import select
import socket
import struct
import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from werkzeug.wsgi import LimitedStream

CONNECTION_HEADER = "X-Sandbox-Connection"
IDLE_SECONDS = 30


class SandboxHTTPServer(ThreadingMixIn, WSGIServer):
    """One thread a connection, kept alive between requests, on loopback only."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int):
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's own: it asks the name service for this machine's name.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().close_request(request)

    def close_connections(self) -> None:
        """End the connections that clients still hold, idle or waiting."""
        with self._open_lock:
            for connection in self._open:
                _shut_down(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; that is what the tests do."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def handle(self) -> None:
        # Not the parent's own, which serves one request and closes.
        BaseHTTPRequestHandler.handle(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing for each request: a poll comes every second."""

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            self.close_connection = True
            self.send_error(411)
            return
        body = LimitedStream(cast(Any, self.rfile), int(length))
        environ: dict[str, Any] = {**self.get_environ(), "wsgi.input": body, "wsgi.url_scheme": "http"}
        chunks, status, headers = self._run(environ)
        # What was not read would be taken for the next request.
        self.close_connection = self.close_connection or not (length == "0" or body.is_exhausted)
        try:
            wish = headers.pop(CONNECTION_HEADER, "")
            if not wish:
                self._write(status, headers, b"".join(chunks))
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        if wish == "cut":
            self._cut()
        elif wish:
            self._keep_silent(float(wish.split()[1]))

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_GET

    def _run(self, environ: dict[str, Any]) -> tuple[Iterable[bytes], str, dict[str, str]]:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            started[:] = [status, dict(headers)]

        server = cast(SandboxHTTPServer, self.server)
        app = cast(Any, server.get_app())
        chunks = app(environ, start_response)
        return chunks, started[0], started[1]

    def _write(self, status: str, headers: dict[str, str], body: bytes) -> None:
        headers["Content-Length"] = headers.get("Content-Length") or str(len(body))
        headers["Date"] = self.date_time_string()
        if self.close_connection:
            headers["Connection"] = "close"
        head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(head.encode("latin-1") + b"\r\n" + (b"" if self.command == "HEAD" else body))

    def _cut(self) -> None:
        """Reset the connection, so that the client sees no orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _keep_silent(self, seconds: float) -> None:
        """Answer nothing until the client goes away, the server stops or the time is over."""
        self.close_connection = True
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return
            if readable:
                time.sleep(0.05)


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
