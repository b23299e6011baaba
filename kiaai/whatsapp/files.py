"""The file of an inbound message."""

import base64
import binascii

from kiaai.whatsapp.cleaning import Item, id_at, item_at, line_at, text_at
from kiaai.whatsapp.events import InboundFile


def file_of(kind: str, item: Item) -> InboundFile | None:
    """Return the file that the message carries; None when WhatsApp gave no id for it."""
    media = item_at(item, kind)
    media_id = id_at(media, "id")
    if media_id is None:
        return None
    return InboundFile(
        media_id=media_id,
        mime_type=base_mime_type(line_at(media, "mime_type")),
        file_name=_file_name(media),
        sha256=hex_digest(text_at(media, "sha256")),
        url=_url(media),
        is_voice=kind == "voice" or media.get("voice") is True,
        is_animated=media.get("animated") is True,
    )


def base_mime_type(text: str | None) -> str:
    """Return the type without parameters: `audio/ogg; codecs=opus` is `audio/ogg`."""
    return (text or "").partition(";")[0].strip().lower() or "application/octet-stream"


def hex_digest(text: str | None) -> str | None:
    """Return a SHA-256 as lowercase hex. Webhooks send base64, look-ups hex; anything else is None."""
    if text is None or len(text) > 64:
        return None
    try:
        digest = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return digest.hex() if len(digest) == 32 else None


def _file_name(media: Item) -> str | None:
    # The name is the customer's input: keep the last part alone, or a name could point somewhere.
    name = line_at(media, "filename", 255)
    name = name.replace("\\", "/").rpartition("/")[2].strip() if name else None
    return None if name in (None, "", ".", "..") else name


def _url(media: Item) -> str | None:
    url = id_at(media, "url", 4000)
    return url if url and url.startswith(("https://", "http://")) else None
