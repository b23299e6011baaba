"""`python -m bench.graph PORT SECONDS`: a Graph that takes every message, and tells when each one came."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

_arrivals: list[float] = []
_numbers = count(1)


class _Graph(BaseHTTPRequestHandler):
    """Answers a POST with a wamid after a while, and GET /arrivals with the times of all so far."""

    protocol_version = "HTTP/1.1"
    wait_seconds = 0.2

    def do_GET(self) -> None:
        self._answer(_arrivals if self.path == "/arrivals" else {"id": "1"})

    def do_DELETE(self) -> None:
        _arrivals.clear()
        self._answer({})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        _arrivals.append(time.time())
        time.sleep(self.wait_seconds)
        self._answer({"messaging_product": "whatsapp", "messages": [{"id": f"wamid.G{next(_numbers)}"}]})

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def _answer(self, content: object) -> None:
        raw = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def main() -> None:
    """Serve until the process is ended."""
    _Graph.wait_seconds = float(sys.argv[2])
    threading.stack_size(256 * 1024)
    _Server(("127.0.0.1", int(sys.argv[1])), _Graph).serve_forever()


if __name__ == "__main__":
    main()
