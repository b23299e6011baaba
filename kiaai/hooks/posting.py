"""One try: post a signed body to a checked address, and say what came of it."""

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from kiaai.hooks.addresses import Place
from kiaai.whatsapp.transport import Answer, AnswerTooLarge, NoAnswer, NotWritten, Request, Transport

TOTAL_SECONDS = 10.0
# Only the status counts; so much of the answer is read for good manners.
LARGEST_BYTES = 65_536


@dataclass(frozen=True)
class Outcome:
    """What a receiver answered. status: of HTTP, None without an answer.

    error: None when it took it, else as `reasons.py` reads it.
    """

    status: int | None = None
    error: str | None = None

    @property
    def is_delivered(self) -> bool:
        return self.error is None


def post(transport: Transport, place: Place, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Send the body. Redirects are refused: they would lead past the check of the address."""
    answered: list[int] = []

    def keep(answer: Answer) -> IO[bytes]:
        answered.append(answer.http_status)
        return io.BytesIO()

    request = Request(
        method="POST",
        url=place.url,
        deadline=time.monotonic() + TOTAL_SECONDS,
        largest_bytes=LARGEST_BYTES,
        headers=headers,
        body=body,
        stall_seconds=TOTAL_SECONDS,
        is_idempotent=False,
        addresses=place.addresses,
    )
    try:
        transport.exchange(request, keep)
    except AnswerTooLarge:
        # The connection still holds the rest of it.
        transport.close()
    except (NotWritten, NoAnswer) as trouble:
        transport.close()
        if not answered:
            return Outcome(error=_trouble(trouble))
    return _judged(answered[0])


def _judged(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status)
    return Outcome(status, "redirected" if 300 <= status < 400 else "answered")


def _trouble(trouble: NotWritten | NoAnswer) -> str:
    return f"{'not_reached' if isinstance(trouble, NotWritten) else 'no_answer'}: {trouble}"
