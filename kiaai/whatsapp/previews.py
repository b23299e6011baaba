"""The one line that the conversation list shows of a message."""

from kiaai.whatsapp.cleaning import Item, item_at, line_at, one_line
from kiaai.whatsapp.formatting import without_marks

LONGEST = 120
# Beyond this no mark can matter to the line.
LONGEST_READ = 1000

_ICONS = {
    "image": "📷",
    "video": "🎬",
    "audio": "🎵",
    "voice": "🎤",
    "document": "📄",
    "sticker": "🌟",
    "location": "📍",
    "contacts": "👤",
    "order": "🛒",
    "edit": "✏️",
    "template": "📣",
}
_NAMES = {
    "text": "Empty message",
    "image": "Photo",
    "video": "Video",
    "audio": "Audio",
    "voice": "Voice message",
    "document": "Document",
    "sticker": "Sticker",
    "location": "Location",
    "contacts": "Contact",
    "order": "Order",
    "edit": "Edited message",
    "template": "Template",
    "button": "Button",
    "interactive": "Answer without content",
    "system": "Notice from WhatsApp",
    "media_placeholder": "File from before",
}


def preview_of(kind: str, item: Item, text: str | None) -> str:
    """Return one line, at most 120 characters: "📷 Así quedó", "🎤 Voice message", "👍 Reaction"."""
    if kind == "reaction":
        return one_line(f"{text} Reaction" if text else "Reaction removed", LONGEST)
    if kind == "revoke":
        return "🚫 Deleted message"
    if kind == "audio" and item_at(item, "audio").get("voice") is True:
        kind = "voice"
    file_name = line_at(item_at(item, "document"), "filename") if kind == "document" else None
    words = file_name or text
    line = one_line(without_marks(words[:LONGEST_READ]), LONGEST) if words else ""
    icon = _ICONS.get(kind)
    return one_line(f"{icon} {line or _NAMES[kind]}", LONGEST) if icon else line or _plain_name(kind, item)


def _plain_name(kind: str, item: Item) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    real = line_at(item_at(item, "unsupported"), "type", 40) if kind == "unsupported" else kind
    return one_line(f"Unsupported message: {real}" if real else "Unsupported message", LONGEST)
