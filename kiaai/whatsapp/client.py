"""The WhatsApp Cloud API: thin, one method per call, one error type."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, BinaryIO
from urllib.parse import quote

from kiaai.whatsapp.cleaning import Item, id_at, item_at, list_at, text_at
from kiaai.whatsapp.downloads import DownloadedFile, FileTooLarge
from kiaai.whatsapp.errors import GraphError
from kiaai.whatsapp.files import base_mime_type, hex_digest
from kiaai.whatsapp.graph import Graph
from kiaai.whatsapp.multipart import Multipart
from kiaai.whatsapp.phone_numbers import digits_of, is_bsuid

__all__ = [
    "Accepted",
    "DownloadedFile",
    "FileTooLarge",
    "GraphError",
    "MediaInfo",
    "Subscription",
    "WhatsAppClient",
]

UPLOAD_SECONDS = 120.0
# A person waits for the answer.
BLOCK_SECONDS = 5.0
LARGEST_FILE_BYTES = 100 * 1024 * 1024
NUMBER_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,throughput,status,name_status,platform_type,"
    "code_verification_status,health_status"
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """WhatsApp has taken a message; whether it arrives, a status tells later.

    wa_id: how WhatsApp knows the number, perhaps not as it was dialled. message_status: of templates only.
    """

    wamid: str
    wa_id: str | None = None
    user_id: str | None = None
    message_status: str | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Where a file can be fetched for five minutes. sha256: lowercase hex."""

    media_id: str
    url: str
    mime_type: str
    sha256: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """An app that gets the account's webhooks. callback_url: set for this account; None: the app's own."""

    app_id: str
    app_name: str
    callback_url: str | None = None


class WhatsAppClient:
    """One WhatsApp number. Safe to share between threads; every method raises GraphError.

    deadline: a `time.monotonic()` value. A send that has not begun to be written by then never is, and no
    request lasts longer than 15 seconds in any case.
    """

    def __init__(
        self,
        base: str,
        version: str,
        token: str,
        phone_number_id: str,
        *,
        is_sandbox: bool = False,
        business_account_id: str = "",
    ):
        self.phone_number_id = phone_number_id
        self.business_account_id = business_account_id
        self.is_sandbox = is_sandbox
        self._graph = Graph(base, version, token, phone_number_id)

    def __repr__(self) -> str:
        return f"WhatsAppClient(phone_number_id={self.phone_number_id!r}, is_sandbox={self.is_sandbox})"

    def send_text_message(
        self,
        to: str,
        message: str,
        *,
        reply_to: str | None = None,
        send_key: object = None,
        preview_url: bool = False,
        deadline: float | None = None,
    ) -> Accepted:
        """Send text, at most 4,096 characters, to a number or a business-scoped id."""
        content = {"body": message, "preview_url": preview_url}
        return self.send_message(to, "text", content, reply_to=reply_to, send_key=send_key, deadline=deadline)

    def send_template_message(
        self,
        to: str,
        template_name: str,
        language: str = "es",
        components: Sequence[Item] = (),
        *,
        reply_to: str | None = None,
        send_key: object = None,
        deadline: float | None = None,
    ) -> Accepted:
        """Send an approved template; `components` as the API takes them, none when nothing is variable."""
        content: Item = {"name": template_name, "language": {"code": language}}
        if components:
            content["components"] = list(components)
        return self.send_message(
            to, "template", content, reply_to=reply_to, send_key=send_key, deadline=deadline
        )

    def send_image_message(
        self,
        to: str,
        image_url: str | None = None,
        caption: str | None = None,
        *,
        media_id: str | None = None,
        reply_to: str | None = None,
        send_key: object = None,
        deadline: float | None = None,
    ) -> Accepted:
        """Send an image by public link, or by the id of an uploaded file."""
        return self.send_media_message(
            to,
            "image",
            link=image_url,
            media_id=media_id,
            caption=caption,
            reply_to=reply_to,
            send_key=send_key,
            deadline=deadline,
        )

    def send_media_message(
        self,
        to: str,
        kind: str,
        *,
        media_id: str | None = None,
        link: str | None = None,
        caption: str | None = None,
        file_name: str | None = None,
        is_voice: bool = False,
        reply_to: str | None = None,
        send_key: object = None,
        deadline: float | None = None,
    ) -> Accepted:
        """Send an `image`, `video`, `audio`, `document` or `sticker`, by id (better) or public link."""
        if (media_id is None) == (link is None):
            raise GraphError("refused", "A file needs either an id or a link")
        content: Item = {"id": media_id} if media_id is not None else {"link": link}
        if caption and kind in ("image", "video", "document"):
            content["caption"] = caption
        if file_name and kind == "document":
            content["filename"] = file_name
        if is_voice and kind == "audio":
            content["voice"] = True
        return self.send_message(to, kind, content, reply_to=reply_to, send_key=send_key, deadline=deadline)

    def send_message(
        self,
        to: str,
        kind: str,
        content: Item | Sequence[Item],
        *,
        reply_to: str | None = None,
        send_key: object = None,
        deadline: float | None = None,
    ) -> Accepted:
        """Send a message of any kind; `content` is the object named like the kind."""
        body: Item = {"messaging_product": "whatsapp", **_recipient(to), "type": kind, kind: content}
        if reply_to:
            body["context"] = {"message_id": reply_to}
        if send_key:
            body["biz_opaque_callback_data"] = str(send_key)
        answer = self._post(body, deadline, is_message=True)
        message = next((m for m in list_at(answer, "messages") if isinstance(m, dict)), {})
        contact = next((c for c in list_at(answer, "contacts") if isinstance(c, dict)), {})
        wamid = id_at(message, "id", 512)
        if wamid is None:
            raise GraphError("unknown", "WhatsApp answered without a message id", http_status=200)
        return Accepted(
            wamid, id_at(contact, "wa_id"), id_at(contact, "user_id"), text_at(message, "message_status")
        )

    def mark_as_read(self, message_id: str, typing: bool = False, *, deadline: float | None = None) -> None:
        """Show the customer that this message and all before it were read; `typing` adds the three dots."""
        body: Item = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        self._post(body, deadline)

    def send_typing_indicator(self, message_id: str, *, deadline: float | None = None) -> None:
        """Show three dots until the next message, at most 25 seconds; marks the message as read too."""
        self.mark_as_read(message_id, typing=True, deadline=deadline)

    def upload_media(self, file: BinaryIO | bytes, mime_type: str, file_name: str) -> str:
        """Upload a file and return its id, good for 30 days."""
        fields = {"messaging_product": "whatsapp", "type": mime_type}
        body = Multipart(fields, io.BytesIO(file) if isinstance(file, bytes) else file, mime_type, file_name)
        path = f"{self.phone_number_id}/media"
        answer = self._graph.call("POST", path, body, body.content_type, seconds=UPLOAD_SECONDS)
        media_id = id_at(answer, "id")
        if media_id is None:
            raise GraphError("not_now", "WhatsApp answered without a file id", http_status=200)
        return media_id

    def look_up_media(self, media_id: str) -> MediaInfo:
        """Return where a file can be fetched; ids from webhooks die after seven days."""
        answer = self._graph.call("GET", quote(media_id, safe=""))
        url = text_at(answer, "url")
        if url is None:
            raise GraphError("not_now", "WhatsApp answered without a file address", http_status=200)
        size = text_at(answer, "file_size") or ""
        return MediaInfo(
            media_id=media_id,
            url=url,
            mime_type=base_mime_type(text_at(answer, "mime_type")),
            sha256=hex_digest(text_at(answer, "sha256")),
            size_bytes=int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None,
        )

    def download_media(
        self, source: MediaInfo | str, into: IO[bytes], max_bytes: int = LARGEST_FILE_BYTES
    ) -> DownloadedFile:
        """Fetch a file into `into`; what was written there is of no use when this raises.

        The token goes to WhatsApp's own hosts alone. Raises FileTooLarge, a GraphError, over `max_bytes`.
        """
        url = source.url if isinstance(source, MediaInfo) else source
        return self._graph.download(url, into, min(max_bytes, LARGEST_FILE_BYTES))

    def look_up_number(self, *, deadline: float | None = None) -> Item:
        """Return what WhatsApp says about this number: name, quality, status, limits."""
        return self._graph.call("GET", f"{self.phone_number_id}?fields={NUMBER_FIELDS}", deadline=deadline)

    def look_up_subscriptions(self, *, deadline: float | None = None) -> list[Subscription]:
        """Return the apps that get the webhooks of the business account; with none, nothing arrives."""
        if not self.business_account_id:
            raise GraphError("refused", "No WhatsApp business account id is set")
        answer = self._graph.call("GET", f"{self.business_account_id}/subscribed_apps", deadline=deadline)
        return [_subscription(entry) for entry in list_at(answer, "data") if isinstance(entry, dict)]

    def block_user(self, to: str) -> None:
        """Put a person on the number's block list. WhatsApp takes only who wrote within 24 hours."""
        self._change_block_list("POST", to)

    def unblock_user(self, to: str) -> None:
        """Take a person off the number's block list."""
        self._change_block_list("DELETE", to)

    def close(self) -> None:
        """Close this thread's connections."""
        self._graph.close()

    def _change_block_list(self, method: str, to: str) -> None:
        body = json.dumps({"messaging_product": "whatsapp", "block_users": [{"user": to}]}).encode("ascii")
        path = f"{self.phone_number_id}/block_users"
        self._graph.call(method, path, body, "application/json", seconds=BLOCK_SECONDS)

    def _post(self, body: Item, deadline: float | None, is_message: bool = False) -> Item:
        # ASCII, so that a lone surrogate in a text becomes an escape and not an exception.
        raw = json.dumps(body).encode("ascii")
        path = f"{self.phone_number_id}/messages"
        return self._graph.call(
            "POST", path, raw, "application/json", deadline=deadline, is_message=is_message
        )


def _subscription(entry: Item) -> Subscription:
    app = item_at(entry, "whatsapp_business_api_data")
    return Subscription(
        id_at(app, "id") or "", text_at(app, "name") or "", text_at(entry, "override_callback_uri")
    )


def _recipient(to: str) -> Item:
    """Return the key that names the person. Without `+`, WhatsApp may put its own country code before it."""
    if is_bsuid(to):
        return {"recipient_type": "individual", "recipient": to}
    digits = digits_of(to)
    if digits is None:
        raise GraphError("refused", "That is no phone number and no WhatsApp user id")
    return {"recipient_type": "individual", "to": f"+{digits}"}
