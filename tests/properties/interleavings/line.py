"""A Graph on a real socket, quick enough for ten thousand stories, that takes down all it hears."""

import json
import socket
import socketserver
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from types import TracebackType
from uuid import uuid4

# What a Graph may do with a message, and whether it accepts it then.
ACCEPTS = {"well": True, "cut": True, "garbage": True, "refused": False, "not now": False}
_ERRORS = {"refused": (400, 131008), "not now": (500, 131000)}


@dataclass(frozen=True)
class Post:
    """A message that the Graph was asked to send. at: Unix seconds, as the request was read."""

    send_key: str
    at: float
    is_accepted: bool
    wamid: str


class Line:
    """Listens until the `with` ends. Plans say how the next messages to a number are answered."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Talk)
        self._server.line = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._posts: dict[str, list[Post]] = defaultdict(list)
        self._plans: dict[str, list[str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def plan(self, number: str, answers: list[str]) -> None:
        self._plans[number] = answers

    def posts(self, number: str) -> list[Post]:
        return list(self._posts[number])

    def forget(self, number: str) -> None:
        self._posts.pop(number, None)
        self._plans.pop(number, None)

    def take(self, raw: bytes, at: float) -> tuple[str, str]:
        """Take a message down; return how to answer and the wamid."""
        asked = json.loads(raw)
        number = asked.get("to", "").lstrip("+")
        plan = self._plans.get(number)
        answer = plan.pop(0) if plan else "well"
        wamid = f"wamid.{uuid4()}"
        if key := asked.get("biz_opaque_callback_data"):
            self._posts[number].append(Post(key, at, ACCEPTS[answer], wamid))
        return answer, wamid

    def __enter__(self) -> "Line":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    line: Line

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class _Talk(socketserver.StreamRequestHandler):
    """One connection: a request line, headers, a body; again and again."""

    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        while raw := self._body():
            answer, wamid = self.server.line.take(raw, time.time())
            if answer == "cut":
                self.request.shutdown(socket.SHUT_RDWR)
                return
            self._reply(answer, wamid)

    def _body(self) -> bytes:
        size = 0
        while line := self.rfile.readline():
            if line == b"\r\n":
                return self.rfile.read(size)
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        return b""

    def _reply(self, answer: str, wamid: str) -> None:
        status, code = _ERRORS.get(answer, (200, 0))
        value = {"error": {"code": code, "message": "No"}} if code else {"messages": [{"id": wamid}]}
        content = b"<html>" if answer == "garbage" else json.dumps(value).encode()
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + content)
