"""Time limits, and certainty about what was written, against real sockets."""

import io
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests.adapters

from kiaai import faults
from kiaai.faults import FaultInjected
from kiaai.whatsapp import transport
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError
from kiaai.whatsapp.transport import Request, Transport
from tests.whatsapp.conftest import ACCEPTED, NUMBER_ID, TOKEN, GraphServer, Handler

DANA = "56900000001"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


def soon(seconds: float = 0.4) -> float:
    return time.monotonic() + seconds


def fate_of_send(client: WhatsAppClient, deadline: float | None = None) -> str:
    with pytest.raises(GraphError) as caught:
        client.send_text_message(DANA, "Hola", deadline=deadline)
    return caught.value.fate


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("prefix", "drop"),
    [(b"", b"H"), (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"), (HEAD, b" "), (HEAD[:-2], b"X: y\r\n")],
)
def test_a_dripping_server_is_left_on_time(
    client: WhatsAppClient, graph: GraphServer, prefix: bytes, drop: bytes
) -> None:
    graph.answer = lambda handler: handler.drip(prefix, drop)
    started = time.monotonic()

    fate = fate_of_send(client, soon(1))

    assert fate == "unknown"
    assert 0.9 < time.monotonic() - started < 5
    assert graph.client_left.wait(5)


def test_a_silent_server_is_left_on_time(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.answer = lambda handler: graph.is_over.wait(10)
    started = time.monotonic()

    assert fate_of_send(client, soon(1)) == "unknown"
    assert time.monotonic() - started < 5


class SlowToEnd:
    """A body that is whole for the server long before its sender looks for the answer."""

    def __init__(self, was_answered: threading.Event, deadline: float):
        self._was_answered, self._deadline = was_answered, deadline

    def __len__(self) -> int:
        return 4

    def __iter__(self) -> Iterator[bytes]:
        yield b"Hola"
        assert self._was_answered.wait(5)
        threading.Event().wait(self._deadline - time.monotonic() + 0.1)


def test_who_wakes_after_the_deadline_takes_the_answer_that_is_here(graph: GraphServer) -> None:
    was_answered = threading.Event()

    def reply(handler: Handler) -> None:
        handler.reply(value=ACCEPTED)
        was_answered.set()

    graph.answer = reply
    into, deadline = io.BytesIO(), soon(0.4)
    request = Request("POST", graph.base, deadline, 10_000, {}, SlowToEnd(was_answered, deadline))

    answer = Transport().exchange(request, lambda _answer: into)

    assert time.monotonic() > deadline
    assert (answer.http_status, json.loads(into.getvalue())) == (200, ACCEPTED)


def test_a_server_that_does_not_read_is_left_on_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # With little room on this side, so that a body need not be so large that making it takes long.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client = WhatsAppClient(f"http://127.0.0.1:{port}", "v25.0", TOKEN, NUMBER_ID)
        started = time.monotonic()
        with pytest.raises(GraphError) as caught:
            client.send_text_message(DANA, "x" * 10_000_000, deadline=soon(1))

    assert caught.value.fate == "unknown"
    assert time.monotonic() - started < 4


def test_a_deadline_that_has_passed_writes_nothing(client: WhatsAppClient, graph: GraphServer) -> None:
    assert fate_of_send(client, soon(-0.01)) == "not_now"
    assert graph.received == []


def test_the_deadline_is_looked_at_right_before_the_write(client: WhatsAppClient, graph: GraphServer) -> None:
    client.send_text_message(DANA, "opens the connection")
    faults.configure("before_post:sleep=0.3")

    assert fate_of_send(client, soon(0.1)) == "not_now"
    assert len(graph.received) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "does-not-exist.invalid"])
def test_what_was_never_connected_was_never_sent(closed_port: int, host: str) -> None:
    client = WhatsAppClient(f"http://{host}:{closed_port}", "v25.0", TOKEN, NUMBER_ID)

    assert fate_of_send(client) == "not_now"


def test_a_connection_that_does_not_come_about_in_time_was_never_sent() -> None:
    """A listener whose queue is full lets newcomers wait."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        client = WhatsAppClient(f"http://127.0.0.1:{port}", "v25.0", TOKEN, NUMBER_ID)
        started = time.monotonic()

        assert fate_of_send(client, soon(0.3)) == "not_now"
        assert time.monotonic() - started < 5
        for sock in waiting:
            sock.close()


def test_a_failed_handshake_was_never_sent(graph: GraphServer) -> None:
    client = WhatsAppClient(graph.base.replace("http:", "https:"), "v25.0", TOKEN, NUMBER_ID)

    assert fate_of_send(client, soon(2)) == "not_now"
    assert graph.received == []


def test_a_connection_cut_after_the_request_leaves_it_open(
    client: WhatsAppClient, graph: GraphServer
) -> None:
    graph.answer = lambda handler: handler.cut()

    assert fate_of_send(client) == "unknown"
    assert len(graph.received) == 1, "a send is never repeated by itself"


def test_half_an_answer_leaves_it_open(client: WhatsAppClient, graph: GraphServer) -> None:
    def half(handler: Handler) -> None:
        handler.wfile.write(HEAD + b'{"messages": [')
        handler.close_connection = True

    graph.answer = half

    assert fate_of_send(client) == "unknown"


def test_a_busy_connection_is_used_again(client: WhatsAppClient, graph: GraphServer) -> None:
    for _ in range(3):
        client.send_text_message(DANA, "Hola")

    assert len({request.connection for request in graph.received}) == 1


def test_a_post_never_goes_over_a_connection_idle_for_long(
    client: WhatsAppClient, graph: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.always(value=ACCEPTED)
    monkeypatch.setattr(transport, "IDLE_SECONDS", -1.0)

    for _ in range(2):
        client.send_text_message(DANA, "Hola")
    for _ in range(2):
        client.look_up_number()

    first, second, third, fourth = [request.connection for request in graph.received]
    assert first != second
    assert second == third == fourth


def test_each_thread_has_its_own_connection(client: WhatsAppClient, graph: GraphServer) -> None:
    threads = [threading.Thread(target=client.send_text_message, args=(DANA, "Hola")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.send_text_message(DANA, "Hola")

    assert len({request.connection for request in graph.received}) == 4


def test_redirects_are_not_followed(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(307, {}, Location=f"{graph.base}/elsewhere")

    assert fate_of_send(client) == "unknown"
    assert len(graph.received) == 1


def test_cookies_are_not_kept(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(value=ACCEPTED, Set_Cookie="a=b")

    client.send_text_message(DANA, "Hola")
    client.send_text_message(DANA, "Hola")

    assert "Cookie" not in graph.received[1].headers


def test_faults_strike_before_and_after_the_post(client: WhatsAppClient, graph: GraphServer) -> None:
    faults.configure("before_post:raise")
    with pytest.raises(FaultInjected):
        client.send_text_message(DANA, "Hola")
    assert graph.received == []

    faults.configure("after_post:raise")
    with pytest.raises(FaultInjected):
        client.send_text_message(DANA, "Hola")
    client.mark_as_read("wamid.A")
    assert len(graph.received) == 2

    faults.configure("")
    assert client.send_text_message(DANA, "Hola").wamid == "wamid.KIA1AAAA"


@pytest.fixture
def secure_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphServer]:
    """The same server behind TLS, with a certificate that the client trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    yield from GraphServer.running(lambda sock: context.wrap_socket(sock, server_side=True))


def test_all_of_it_holds_over_tls(secure_graph: GraphServer) -> None:
    client = WhatsAppClient(f"https://127.0.0.1:{secure_graph.server_port}", "v25.0", TOKEN, NUMBER_ID)
    for _ in range(2):
        assert client.send_text_message(DANA, "Hola").wamid == "wamid.KIA1AAAA"
    assert len({request.connection for request in secure_graph.received}) == 1

    secure_graph.answer = lambda handler: handler.drip(HEAD, b" ")
    started = time.monotonic()
    assert fate_of_send(client, soon(1)) == "unknown"
    assert time.monotonic() - started < 5

    faults.configure("before_post:sleep=0.3")
    assert fate_of_send(client, soon(0.2)) == "not_now"
    assert len(secure_graph.received) == 3


def test_an_untrusted_certificate_was_never_sent(
    secure_graph: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    client = WhatsAppClient(f"https://127.0.0.1:{secure_graph.server_port}", "v25.0", TOKEN, NUMBER_ID)

    assert fate_of_send(client) == "not_now"
    assert secure_graph.received == []


def test_fresh_tls_connections_are_not_taken_for_idle_ones(
    secure_graph: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: list[object] = []

    def count(*who: object) -> bool:
        accepted.append(who)
        return True

    monkeypatch.setattr(secure_graph, "verify_request", count)
    client = WhatsAppClient(f"https://127.0.0.1:{secure_graph.server_port}", "v25.0", TOKEN, NUMBER_ID)

    client.send_text_message(DANA, "Hola")

    assert len(accepted) == 1
