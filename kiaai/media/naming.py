"""The name under which a file is downloaded: the customer's own where it does no harm."""

import mimetypes
import re
import unicodedata

LONGEST = 120
# What Windows, shells or headers would read as more than a letter.
_UNSAFE = re.compile(r'[<>:"/\\|?*%;]+')
_KNOWN = {"audio/ogg": ".ogg", "image/jpeg": ".jpg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a"}


def download_name(file_name: str | None, mime_type: str, attachment_id: int) -> str:
    """Return a name with no path, no control or direction signs, and not too long; accents stay."""
    name = _cleaned(file_name or "")
    if not name:
        return f"file-{attachment_id}{_ending(mime_type)}"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 10:
        return name[:LONGEST].strip()
    return stem[: LONGEST - len(ending) - 1].strip() + dot + ending


def _cleaned(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    # Cc and Cf: control signs, and the direction signs that make "gpj.exe" look like "exe.jpg".
    visible = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co"))
    return " ".join(_UNSAFE.sub("_", unicodedata.normalize("NFC", visible)).split()).strip(". ")


def _ending(mime_type: str) -> str:
    return _KNOWN.get(mime_type) or mimetypes.guess_extension(mime_type) or ""
