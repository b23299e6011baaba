"""A web server that gives pages, and behaves badly where it is told to, over real HTTP."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = """<!doctype html><html lang="es"><head><title>Taller Kia</title><script>var x = "no";</script></head>
<body><header><a href="/">Inicio</a></header><nav><ul><li>Menú</li></ul></nav><main>
<h1>Preguntas frecuentes</h1><p>Lo que más nos preguntan, respondido en <b>dos líneas</b>.</p>
<h2>¿Hacen envíos?</h2><p>Sí, a <em>todo</em> Chile. Vea la <a href="/tarifas">lista de tarifas</a>.</p>
<ul><li>Santiago: <strong>3.000</strong></li><li>Regiones: 5.000<ul><li>Islas: 9.000</li></ul></li></ul>
<h3>Retiro</h3><p>Gratis en la tienda.<br>De lunes a viernes.</p></main>
<footer>© Kia</footer></body></html>"""

Play = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class PageServer:
    """plays: what to do with each path. asked: the paths that were asked for."""

    port: int = 0
    host: str = "127.0.0.1"
    plays: dict[str, Play] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    # Set when the test is over: who drips goes home then.
    is_over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}:{self.port}{path}"

    def gives(self, content: bytes | str, path: str = "/", status: int = 200, **headers: str) -> str:
        """Let a path give this; return its address. Names of headers have _ in place of -."""
        body = content.encode() if isinstance(content, str) else content
        named = {"Content-Type": "text/html; charset=utf-8"}
        named.update({name.replace("_", "-"): value for name, value in headers.items()})

        def play(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in named.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.plays[path] = play
        return self.url(path)

    def leads(self, to: str, path: str = "/") -> str:
        return self.gives("elsewhere", path, 302, Location=to)

    def drips(self) -> str:
        """Give a byte now and then, for ever."""

        def play(handler: BaseHTTPRequestHandler) -> None:
            _begin(handler)
            while not self.is_over.wait(0.05):
                handler.wfile.write(b"<")

        self.plays["/"] = play
        return self.url()

    def never_ends(self) -> str:
        def play(handler: BaseHTTPRequestHandler) -> None:
            _begin(handler)
            while not self.is_over.is_set():
                handler.wfile.write(b"<p>more</p>" * 5000)

        self.plays["/"] = play
        return self.url()

    def is_a_bomb(self) -> str:
        """Give little that unpacks to 200 MB."""
        packed = gzip.compress(bytes(200 * 1024 * 1024), 9)
        return self.gives(packed, Content_Encoding="gzip")


def _begin(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[PageServer]:
    page_server = PageServer(host=host)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page_server.asked.append(self.path)
            # Who asked may have hung up long since.
            with suppress(OSError):
                page_server.plays[self.path](self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    page_server.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield page_server
    finally:
        page_server.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
