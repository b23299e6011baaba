"""Fetch a page of the web: from public addresses alone, checked at each step, in bounded time and size."""

import io
import time
from dataclasses import dataclass
from email.message import Message as Headers
from typing import IO
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit

from kiaai.errors import KiaAiError
from kiaai.hooks.addresses import AddressRefused, place_of
from kiaai.texts import Text, lazy
from kiaai.whatsapp.transport import Answer, AnswerTooLarge, NoAnswer, NotWritten, Request, Transport

TOTAL_SECONDS = 10.0
STALL_SECONDS = 5.0
LARGEST_BYTES = 2 * 1024 * 1024
MOST_REDIRECTS = 3
_HEADERS = {
    "User-Agent": "Kia-Ai (reads one page for a person)",
    "Accept": "text/html, text/plain",
    "Accept-Language": "es, en;q=0.8",
    # What comes packed may be a bomb; what does so all the same is unpacked within the limit.
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_TEXTS = frozenset({"text/html", "application/xhtml+xml", "text/plain"})


class PageRefused(KiaAiError):
    """The page cannot be read. reason: why, and what to do, as sentences for a person."""

    def __init__(self, reason: Text):
        super().__init__(str(reason))
        self.reason = reason


class _Elsewhere(KiaAiError):
    """The page is at another address."""


@dataclass(frozen=True)
class Page:
    """A page as it came. url: where it was found in the end."""

    url: str
    content: bytes
    charset: str | None
    is_html: bool


def fetch_page(url: str, allow_private: bool = False, total_seconds: float = TOTAL_SECONDS) -> Page:
    """Fetch a page. allow_private: also within our own network. Raises PageRefused.

    Hold no transaction open meanwhile: it may take all of total_seconds, and 3 more for each name.
    """
    deadline = time.monotonic() + total_seconds
    address = tidy_address(url)
    transport = Transport()
    try:
        for _ in range(MOST_REDIRECTS + 1):
            try:
                return _fetch(transport, address, allow_private, deadline)
            except _Elsewhere as elsewhere:
                address = tidy_address(urljoin(address, str(elsewhere)))
    finally:
        transport.close()
    raise PageRefused(
        lazy("The page leads on and on to others. Use the address that your browser ends up at.")
    )


def tidy_address(url: str) -> str:
    """Return an address as programs write it, without what names a place in the page. Raises PageRefused."""
    url = url.strip()
    try:
        parts = urlsplit(urldefrag(url if "://" in url else f"https://{url}").url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        raise PageRefused(_not_an_address()) from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise PageRefused(_not_an_address())
    host = f"[{host}]" if ":" in host else host
    keep = "%/:=&?~#+!$,;'@()*[]-._"
    path, query = quote(parts.path or "/", safe=keep), quote(parts.query, safe=keep)
    return urlunsplit((parts.scheme, f"{host}{port}", path, query, ""))


def _fetch(transport: Transport, url: str, allow_private: bool, deadline: float) -> Page:
    try:
        place = place_of(url, allow_private)
    except AddressRefused as refused:
        raise PageRefused(_why_refused(refused, url)) from None
    into = io.BytesIO()
    request = Request(
        method="GET",
        url=url,
        deadline=deadline,
        largest_bytes=LARGEST_BYTES,
        headers=_HEADERS,
        stall_seconds=STALL_SECONDS,
        addresses=place.addresses,
    )
    try:
        answer = transport.exchange(request, lambda answer: _judged(answer, into))
    except AnswerTooLarge:
        raise PageRefused(
            lazy("The page is larger than 2 MB. Copy the part that you need into a new article.")
        ) from None
    except (NoAnswer, NotWritten):
        raise PageRefused(
            lazy("%(host)s does not answer in time. Check the address, or try again later.", host=place.host)
        ) from None
    kind, charset = _kind_of(answer)
    return Page(url, into.getvalue(), charset, kind != "text/plain")


def _judged(answer: Answer, into: io.BytesIO) -> IO[bytes]:
    """Return where the body goes, if it is wanted; what is not wanted is not read."""
    status = answer.http_status
    if status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
        raise _Elsewhere(answer.headers["Location"])
    if status in (404, 410):
        raise PageRefused(lazy("There is no page at this address (404). Check it in your browser."))
    if status in (401, 403):
        raise PageRefused(
            lazy(
                "The page is not for everybody. Open it in your browser and copy its text into a new article."
            )
        )
    if status != 200:
        raise PageRefused(lazy("The page answered %(status)s. Try again later.", status=str(status)))
    if _kind_of(answer)[0] not in _TEXTS:
        raise PageRefused(lazy("This is no page but a file. Only pages of text can be read."))
    return into


def _kind_of(answer: Answer) -> tuple[str, str | None]:
    headers = Headers()
    headers["Content-Type"] = answer.headers.get("Content-Type") or "text/html"
    return headers.get_content_type(), headers.get_content_charset()


def _why_refused(refused: AddressRefused, url: str) -> Text:
    if refused.kind == "not_public":
        return lazy(
            "%(host)s is not on the public web, so it is not read. Copy its text into a new article.",
            host=urlsplit(url).hostname,
        )
    return refused.reason if refused.kind == "not_found" else _not_an_address()


def _not_an_address() -> Text:
    return lazy("Give the whole address of a page, such as https://example.com/faq.")
