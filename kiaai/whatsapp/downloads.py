"""Fetching the files of customers, and keeping the token away from everybody but WhatsApp."""

import hashlib
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from kiaai.whatsapp.answers import graph_error, read_answer
from kiaai.whatsapp.errors import GraphError
from kiaai.whatsapp.files import base_mime_type
from kiaai.whatsapp.transport import Answer, AnswerTooLarge, NoAnswer, NotWritten, Request, Transport

TOTAL_SECONDS = 120.0
MOST_REDIRECTS = 3
META_HOST = "graph.facebook.com"
_META_SUFFIXES = (".fbcdn.net", ".facebook.com", ".whatsapp.net", ".whatsapp.com")
_META_HOSTS = frozenset({"lookaside.fbsbx.com"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LARGEST_ERROR_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A file that was fetched whole. sha256: lowercase hex of what arrived."""

    mime_type: str
    size_bytes: int
    sha256: str


class FileTooLarge(GraphError):
    """The file is larger than allowed."""

    def __init__(self, max_bytes: int):
        super().__init__("refused", f"The file is larger than {max_bytes:,} bytes")


class Downloader:
    """Fetches files from the hosts of one Graph API."""

    def __init__(self, transport: Transport, base: str, headers: Mapping[str, str]):
        self._transport = transport
        self._headers = headers
        self._base_host = urlsplit(base).hostname or ""

    def download(self, url: str, into: IO[bytes], max_bytes: int) -> DownloadedFile:
        """Fetch the file, following redirects inside the allowed hosts. Raises GraphError."""
        deadline = time.monotonic() + TOTAL_SECONDS
        first = address = self._allowed(url)
        for _ in range(MOST_REDIRECTS + 1):
            sink = _Sink(into)
            answer = self._fetch(address, first, sink, max_bytes, deadline)
            if answer.http_status not in _REDIRECTS:
                return sink.file(answer)
            address = self._allowed(urljoin(address.geturl(), answer.headers.get("Location", "")))
        raise GraphError("refused", "The file's address leads in circles")

    def _fetch(
        self, address: SplitResult, first: SplitResult, sink: "_Sink", max_bytes: int, deadline: float
    ) -> Answer:
        # The token was meant for the first host; an address it points to does not get it.
        is_same = (address.scheme, address.netloc) == (first.scheme, first.netloc)
        headers = {k: v for k, v in self._headers.items() if is_same or k != "Authorization"}
        request = Request("GET", address.geturl(), deadline, max_bytes, headers)
        try:
            return self._transport.exchange(request, sink.choose)
        except AnswerTooLarge:
            raise FileTooLarge(max_bytes) from None
        except (NotWritten, NoAnswer) as error:
            raise GraphError("not_now", "The file could not be fetched", message=str(error)) from None

    def _allowed(self, url: str) -> SplitResult:
        """Return the parsed address if its host may be asked. Raises GraphError otherwise."""
        # Two parsers that read one address differently are how such lists are passed by: refuse oddities.
        is_plain = url.isascii() and url.isprintable() and not set(url) & set('\\ "<>')
        try:
            address = urlsplit(url) if is_plain else None
            host = (address.hostname or "") if address else ""
            _ = address.port if address else None
        except ValueError:
            address, host = None, ""
        if address is None or "@" in address.netloc or not self._is_allowed(address.scheme, host):
            raise GraphError("refused", "The file's address is not one of WhatsApp's")
        return address

    def _is_allowed(self, scheme: str, host: str) -> bool:
        if scheme != "https" and not (scheme == "http" and _is_loopback(host)):
            return False
        # This machine has several names, and a sandbox may give another one than it was asked under.
        if host == self._base_host or (_is_loopback(host) and _is_loopback(self._base_host)):
            return True
        is_meta = host in _META_HOSTS or host.endswith(_META_SUFFIXES)
        return is_meta and self._base_host == META_HOST


class _Sink:
    """Takes the body of an answer: a good one goes to the file, any other is kept aside."""

    def __init__(self, into: IO[bytes]):
        self._into = into
        self._answer: Answer | None = None
        self._aside = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0

    def choose(self, answer: Answer) -> Any:
        self._answer = answer
        return self

    def write(self, chunk: bytes) -> int:
        if self._answer is not None and self._answer.http_status == 200:
            self._digest.update(chunk)
            self._size += len(chunk)
            return self._into.write(chunk)
        self._aside += chunk[: _LARGEST_ERROR_BYTES - len(self._aside)]
        return len(chunk)

    def file(self, answer: Answer) -> DownloadedFile:
        if answer.http_status != 200:
            value = read_answer(bytes(self._aside))
            raise graph_error(answer.http_status, answer.headers, value, own_number=None, is_repeatable=True)
        mime_type = base_mime_type(answer.headers.get("Content-Type"))
        return DownloadedFile(mime_type, self._size, self._digest.hexdigest())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
