"""What a file really is, by its first bytes: the sender's word decides nothing that a browser shows."""

HEAD_BYTES = 64

_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
_RIFF_FORMS = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def playable_type(head: bytes, said: str = "") -> str | None:
    """Return the type of an image, audio or video that a browser may show; None for anything else.

    head: the first HEAD_BYTES of the file. said: the type the sender named; it settles only whether an
    MP4, Ogg or WebM holds sound alone, which their first bytes do not tell. SVG is never recognised:
    it can carry scripts.
    """
    if head[:4] == b"RIFF":
        return _RIFF_FORMS.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _mp4_type(head[8:12], said)
    found = next((kind for start, kind in _STARTS if head.startswith(start)), None)
    if found == "audio/ogg" and said == "video/ogg":
        return said
    return "audio/webm" if found == "video/webm" and said == "audio/webm" else found


def true_type(head: bytes, said: str) -> str:
    """Return the type to store: by content when recognised, else the sender's word where it is harmless."""
    playable = playable_type(head, said)
    if playable:
        return playable
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    # A file that says "image" and is none would be drawn as a broken image.
    return "application/octet-stream" if said.partition("/")[0] in ("image", "audio", "video") else said


def _mp4_type(brand: bytes, said: str) -> str | None:
    if brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return None
    if brand == b"avif":
        return "image/avif"
    if said.startswith("audio/") or brand[:3] == b"M4A":
        return "audio/mp4"
    return "video/3gpp" if brand[:3] == b"3gp" else "video/mp4"
