"""HTTP to a model, under the `openai` package: one deadline, few bytes, no redirects, no telling headers.

Imported only where a model is configured: what it brings along takes 40 MB.
"""

import io
import time

import httpx2

from kiaai.whatsapp.transport import AnswerTooLarge, NoAnswer, NotWritten, Request, Transport

# An answer is a thousand characters, and what a model thought before may be a hundred times that.
LARGEST_BYTES = 500_000
# The others tell of this machine, or come from the environment of another product.
_HEADERS = ("accept", "authorization", "content-type", "user-agent")


class NeverLeft(httpx2.ConnectError):
    """The request did not leave this machine, so it cost nothing."""


class ModelTransport(httpx2.BaseTransport):
    """Carries each request within the read limit it names, counted from its first byte to the last."""

    def __init__(self) -> None:
        self._transport = Transport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the whole answer; that of an error without its body, which may repeat the key."""
        seconds = float(request.extensions["timeout"]["read"])
        into = io.BytesIO()
        asked = Request(
            method=request.method,
            url=str(request.url),
            deadline=time.monotonic() + seconds,
            largest_bytes=LARGEST_BYTES,
            headers={name: request.headers[name] for name in _HEADERS if name in request.headers},
            body=request.read(),
            stall_seconds=seconds,
            is_idempotent=False,
        )
        try:
            answer = self._transport.exchange(asked, lambda _: into)
        except NotWritten as error:
            raise NeverLeft(str(error)) from error
        except NoAnswer as error:
            raise httpx2.ReadError(str(error)) from error
        except AnswerTooLarge as error:
            raise httpx2.DecodingError(str(error)) from error
        return httpx2.Response(
            answer.http_status,
            headers={"content-type": "application/json"},
            content=into.getvalue() if answer.http_status == 200 else b"",
        )

    def close(self) -> None:
        """Close the connections of this thread."""
        self._transport.close()
