"""The one line that the conversation list shows of a message."""

from kiaai.texts import Text, lazy
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
    "text": lazy("Empty message"),
    "image": lazy("Photo"),
    "video": lazy("Video"),
    "audio": lazy("Audio"),
    "voice": lazy("Voice message"),
    "document": lazy("Document"),
    "sticker": lazy("Sticker"),
    "location": lazy("Location"),
    "contacts": lazy("Contact"),
    "order": lazy("Order"),
    "edit": lazy("Edited message"),
    "template": lazy("Template"),
    "button": lazy("Button"),
    "interactive": lazy("Answer without content"),
    "system": lazy("Notice from WhatsApp"),
    "media_placeholder": lazy("File from before"),
}
_DELETED = lazy("🚫 Deleted message")
_UNREACTED = lazy("Reaction removed")
_UNSUPPORTED = lazy("Unsupported message")
# Lines that no customer writes by chance; a text of one plain word may be theirs.
_OURS = {
    str(line): line
    for line in (
        _DELETED,
        _UNREACTED,
        _UNSUPPORTED,
        *(_NAMES[kind] for kind in _NAMES if " " in _NAMES[kind]),
    )
}


def readable_preview(line: str) -> str:
    """Return a stored preview so that what we wrote in it can be said in another language."""
    sign, _, words = line.partition(" ")
    if words == "Reaction" and not sign.isalnum():
        return lazy("%(emoji)s Reaction", emoji=sign)
    name = next((name for kind, name in _NAMES.items() if words == name and _ICONS.get(kind) == sign), None)
    if name:
        return Text("%(icon)s %(name)s", values={"icon": sign, "name": name})
    before, _, kind = line.partition(": ")
    if kind and before == _UNSUPPORTED:
        return lazy("Unsupported message: %(kind)s", kind=kind)
    return _OURS.get(line, line)


def preview_of(kind: str, item: Item, text: str | None) -> str:
    """Return one line, at most 120 characters: "📷 Así quedó", "🎤 Voice message", "👍 Reaction"."""
    if kind == "reaction":
        return one_line(f"{text} Reaction" if text else _UNREACTED, LONGEST)
    if kind == "revoke":
        return str(_DELETED)
    if kind == "audio" and item_at(item, "audio").get("voice") is True:
        kind = "voice"
    file_name = line_at(item_at(item, "document"), "filename") if kind == "document" else None
    words = file_name or text
    line = one_line(without_marks(words[:LONGEST_READ]), LONGEST) if words else ""
    icon = _ICONS.get(kind)
    return one_line(f"{icon} {line or _NAMES[kind]}", LONGEST) if icon else line or _plain_name(kind, item)


def _plain_name(kind: str, item: Item) -> str:
    if kind in _NAMES:
        return str(_NAMES[kind])
    real = line_at(item_at(item, "unsupported"), "type", 40) if kind == "unsupported" else kind
    return one_line(f"Unsupported message: {real}" if real else _UNSUPPORTED, LONGEST)
