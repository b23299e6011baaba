"""HTTP to WhatsApp: one pooled session per thread, a real total time limit, and certainty about the write.

`requests` limits the wait for each byte, not the whole. Here every read and write of the socket gets
what is left until the deadline, so a server that drips bytes is left on time too. The connection also
notes the moment the first byte of a request leaves, which tells "surely not sent" from "perhaps sent".
"""

import io
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import IO, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.connection import allowed_gai_family, create_connection

from kiaai.errors import KiaAiError

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 5.0
# Zero would mean a socket that never blocks, and that of TLS then wants to be asked in another way.
NO_WAIT_SECONDS = 0.001
_CHUNK_BYTES = 65_536


class NotWritten(KiaAiError):
    """The request never began to leave this machine."""


class NoAnswer(KiaAiError):
    """The request began to leave, and no whole answer came back in time."""


class AnswerTooLarge(KiaAiError):
    """The answer is larger than agreed."""


class DeadlinePassed(TimeoutError):
    """The time for the whole request is over."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and its limits. deadline: a `time.monotonic()` value for the whole request.

    stall_seconds: the longest wait for any one read. before_write: called right before the last look at
    the deadline. is_idempotent: whether a pooled connection of any age may carry it. addresses: where to
    connect, in this order, in place of looking the name up; TLS is still checked against the name.
    """

    method: str
    url: str
    deadline: float
    largest_bytes: int
    headers: Mapping[str, str]
    body: Any = None
    stall_seconds: float = 15.0
    is_idempotent: bool = True
    before_write: Callable[[], None] | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and headers of an answer; the body has gone to the caller's file."""

    http_status: int
    headers: Mapping[str, str]


class Transport:
    """Sessions to WhatsApp, one per thread that asks."""

    def __init__(self) -> None:
        self._threads = threading.local()

    def exchange(self, request: Request, into: Callable[[Answer], IO[bytes]]) -> Answer:
        """Send the request and copy the body of the answer into the file that `into` chooses.

        Redirects are not followed. Raises NotWritten, NoAnswer or AnswerTooLarge.
        """
        with _call(request) as call:
            try:
                return self._exchange(request, into)
            except AnswerTooLarge:
                raise
            # ValueError: what requests and http.client raise for addresses and headers they refuse.
            except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
                if call.has_written:
                    raise NoAnswer(_reason(error)) from error
                raise NotWritten(_reason(error)) from error

    def close(self) -> None:
        """Close the connections of this thread."""
        session = getattr(self._threads, "session", None)
        if session is not None:
            session.close()
            del self._threads.session

    def _exchange(self, request: Request, into: Callable[[Answer], IO[bytes]]) -> Answer:
        with self._session().request(
            request.method,
            request.url,
            data=request.body,
            headers=dict(request.headers),
            timeout=(CONNECT_SECONDS, request.stall_seconds),
            allow_redirects=False,
            stream=True,
        ) as response:
            answer = Answer(response.status_code, response.headers)
            _copy(response, into(answer), request.largest_bytes)
            return answer

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = _new_session()
        return session


def _new_session() -> requests.Session:
    session = requests.Session()
    # Neither proxies nor a .netrc of the machine: the latter would replace our token.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _TimedAdapter(pool_connections=4, pool_maxsize=1, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _copy(response: requests.Response, into: IO[bytes], largest_bytes: int) -> None:
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and len(announced) < 19 and int(announced) > largest_bytes:
        raise AnswerTooLarge(f"{announced} bytes announced, {largest_bytes} allowed")
    size = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        size += len(chunk)
        if size > largest_bytes:
            raise AnswerTooLarge(f"more than {largest_bytes} bytes")
        into.write(chunk)


def _reason(error: Exception) -> str:
    """Return what happened without the address, which may carry a signature."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    words = getattr(cause, "strerror", None) or str(cause)
    return f"{type(cause).__name__}: {words}" if words else type(cause).__name__


class _Call:
    """What the connection of a running request must know."""

    def __init__(self, request: Request):
        self.request = request
        self.has_written = False
        self.connection: _TimedMixin | None = None

    def seconds_left(self, most: float) -> float:
        left = self.request.deadline - time.monotonic()
        if left <= 0:
            raise DeadlinePassed("the time for the whole request is over")
        return min(left, most)


_running = threading.local()


@contextmanager
def _call(request: Request) -> Any:
    call = _running.call = _Call(request)
    try:
        yield call
    finally:
        if call.connection is not None:
            call.connection.last_used_at = time.monotonic()
        del _running.call


class _TimedReader(io.RawIOBase):
    """The bytes of an answer, each read limited by what is left until the deadline.

    A process that was stopped may wake after it. It looks once more, without waiting, at what came meanwhile:
    an answer that is here tells what became of the request.
    """

    def __init__(self, sock: Any, raw: io.RawIOBase, call: _Call):
        self._sock, self._raw, self._call = sock, raw, call
        self._has_looked_late = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._seconds_to_wait())
        return self._raw.readinto(buffer)

    def _seconds_to_wait(self) -> float:
        try:
            return self._call.seconds_left(self._call.request.stall_seconds)
        except DeadlinePassed:
            if self._has_looked_late:
                raise
            self._has_looked_late = True
            return NO_WAIT_SECONDS

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **options: Any):
        super().__init__(sock, *arguments, **options)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReader(sock, raw, _running.call))


def _look_up(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of a name, in the order to try them."""
    found: list[str] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            errors.append(error)
        else:
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    # The system's own resolver knows no time limit; one that takes longer is left behind.
    asking = threading.Thread(target=ask, name="look-up", daemon=True)
    asking.start()
    asking.join(_running.call.seconds_left(CONNECT_SECONDS))
    if errors:
        raise errors[0]
    if not found:
        raise TimeoutError("the name was not looked up in time")
    return tuple(found)


def _connect_to(addresses: tuple[str, ...], port: int, options: Any) -> socket.socket:
    """Connect to the first of the addresses that answers, within the time for all of them."""
    until = time.monotonic() + _running.call.seconds_left(CONNECT_SECONDS)
    for number, address in enumerate(addresses, start=1):
        share = (until - time.monotonic()) / (len(addresses) - number + 1)
        try:
            return create_connection((address, port), max(share, NO_WAIT_SECONDS), socket_options=options)
        except OSError:
            if number == len(addresses):
                raise
    raise AssertionError("unreachable")


class _TimedMixin:
    """A connection that keeps the deadline of the running request and notes its first written byte."""

    response_class = _TimedResponse
    last_used_at = 0.0
    sock: Any
    timeout: Any
    port: int
    _dns_host: str
    socket_options: Any

    def connect(self) -> None:
        self.timeout = _running.call.seconds_left(CONNECT_SECONDS)
        super().connect()  # type: ignore[misc]  # of the connection this is mixed into
        self.last_used_at = time.monotonic()

    def _new_conn(self) -> Any:
        addresses = _running.call.request.addresses or _look_up(self._dns_host.strip("[]"), self.port)
        return _connect_to(addresses, self.port, self.socket_options)

    def request(self, *arguments: Any, **options: Any) -> Any:
        # The other side may just be closing a connection that has been idle. A POST on it would end with
        # a reset, and nobody could tell whether it arrived.
        is_idle = time.monotonic() - self.last_used_at > IDLE_SECONDS
        if self.sock is not None and is_idle and not _running.call.request.is_idempotent:
            self.close()  # type: ignore[attr-defined]  # of the connection this is mixed into
        return super().request(*arguments, **options)  # type: ignore[misc]  # as above

    def send(self, data: Any) -> None:
        call: _Call = _running.call
        call.connection = self
        if self.sock is None:
            self.connect()
        if not call.has_written and call.request.before_write is not None:
            call.request.before_write()
        for start in range(0, len(data), _CHUNK_BYTES):
            # The last act before the write is this look at the deadline.
            self.sock.settimeout(call.seconds_left(call.request.stall_seconds))
            call.has_written = True
            super().send(data[start : start + _CHUNK_BYTES])  # type: ignore[misc]  # as above


class _TimedHTTPConnection(_TimedMixin, HTTPConnection):  # type: ignore[misc]  # the mixin narrows on purpose
    pass


class _TimedHTTPSConnection(_TimedMixin, HTTPSConnection):  # type: ignore[misc]  # the mixin narrows on purpose
    pass


class _TimedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _TimedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


class _TimedAdapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _TimedHTTPPool, "https": _TimedHTTPSPool}
