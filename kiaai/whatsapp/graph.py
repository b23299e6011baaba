"""One call to the Graph API: the token, the limits, and an exact verdict when it fails."""

import io
import time
from typing import IO, Any

from kiaai.faults import fault_point
from kiaai.whatsapp.answers import graph_error, read_answer
from kiaai.whatsapp.cleaning import Item, item_at
from kiaai.whatsapp.downloads import DownloadedFile, Downloader
from kiaai.whatsapp.errors import GraphError
from kiaai.whatsapp.transport import Answer, AnswerTooLarge, NoAnswer, NotWritten, Request, Transport

TOTAL_SECONDS = 15.0
LARGEST_ANSWER_BYTES = 1_000_000
USER_AGENT = "Kia-Ai"


class Graph:
    """The Graph API as one token sees it."""

    def __init__(self, base: str, version: str, token: str, phone_number_id: str):
        self._root = f"{base.rstrip('/')}/{version}"
        self._token = token
        self._phone_number_id = phone_number_id
        self._headers = {
            "Authorization": f"Bearer {token}",
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
        }
        self._transport = Transport()
        self._downloader = Downloader(self._transport, base, self._headers)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str | None = None,
        *,
        deadline: float | None = None,
        seconds: float = TOTAL_SECONDS,
        is_message: bool = False,
    ) -> Item:
        """Make one call and return the object that WhatsApp answered. Raises GraphError.

        is_message: a repetition could write to a customer twice, so what is ambiguous is `unknown`;
        anything else may simply be asked again, so there it is `not_now`.
        """
        latest = time.monotonic() + seconds
        request = Request(
            method,
            f"{self._root}/{path}",
            deadline=latest if deadline is None else min(deadline, latest),
            largest_bytes=LARGEST_ANSWER_BYTES,
            headers={**self._headers, **({"Content-Type": content_type} if content_type else {})},
            body=body,
            is_idempotent=method == "GET",
            before_write=_before_post if is_message else None,
        )
        raw = io.BytesIO()
        answer = self._exchange(request, raw, is_message)
        if is_message:
            fault_point("after_post")
        value = read_answer(raw.getvalue())
        if answer.http_status == 200 and value is not None and not item_at(value, "error"):
            return value
        raise self._error(path, answer, value, is_message)

    def download(self, url: str, into: IO[bytes], max_bytes: int) -> DownloadedFile:
        """Fetch a file from WhatsApp's hosts. Raises GraphError."""
        return self._downloader.download(url, into, max_bytes)

    def close(self) -> None:
        """Close this thread's connections."""
        self._transport.close()

    def _exchange(self, request: Request, raw: io.BytesIO, is_message: bool) -> Answer:
        try:
            return self._transport.exchange(request, lambda _answer: raw)
        except NotWritten as error:
            title = "WhatsApp could not be reached"
            raise GraphError("not_now", title, message=self._scrubbed(str(error))) from None
        except (NoAnswer, AnswerTooLarge) as error:
            title, message = "WhatsApp did not answer", self._scrubbed(str(error))
            raise GraphError("unknown" if is_message else "not_now", title, message=message) from None

    def _error(self, path: str, answer: Answer, value: Item | None, is_message: bool) -> GraphError:
        is_on_number = path.replace("?", "/").partition("/")[0] == self._phone_number_id
        return graph_error(
            answer.http_status,
            answer.headers,
            value,
            own_number=self._phone_number_id if is_on_number else None,
            is_repeatable=not is_message,
            clean=self._scrubbed,
        )

    def _scrubbed(self, text: str) -> str:
        return text.replace(self._token, "[token]") if self._token else text


def _before_post() -> None:
    fault_point("before_post")
