"""One signed POST to the webhook, with a limit on the whole of it."""

import socket
import time
from urllib.parse import urlsplit

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 10.0


def post(url: str, body: bytes, signature: str) -> int | None:
    """Post a webhook; return the HTTP status, or None when there was no answer in time.

    A bare socket, because the ordinary clients limit each read and not the whole exchange.
    """
    parts = urlsplit(url)
    deadline = time.monotonic() + TOTAL_SECONDS
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: facebookexternalua\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Hub-Signature-256: {signature}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    try:
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        with socket.create_connection(address, timeout=CONNECT_SECONDS) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(head.encode("ascii") + body)
            return _status(connection, deadline)
    except OSError:
        return None


def _status(connection: socket.socket, deadline: float) -> int | None:
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < 65_536:
        connection.settimeout(_left(deadline))
        received = connection.recv(4096)
        if not received:
            break
        answer += received
    words = answer.split(b"\r\n", 1)[0].split()
    is_http = len(words) >= 2 and words[0].startswith(b"HTTP/") and words[1].isdigit()
    return int(words[1]) if is_http else None


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
