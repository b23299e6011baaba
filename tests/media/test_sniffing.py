"""The bytes decide, not the sender."""

import pytest

from kiaai.media.sniffing import playable_type, true_type


@pytest.mark.parametrize(
    ("head", "said", "real"),
    [
        (b"\xff\xd8\xff\xe0", "image/png", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "image/webp"),
        (b"RIFF\x00\x00\x00\x00AVI ", "video/avi", None),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4", "video/mp4"),
        (b"\x00\x00\x00\x18ftypisom", "audio/mp4", "audio/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp4", "video/3gpp", "video/3gpp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic", None),
        (b"OggS\x00", "text/html", "audio/ogg"),
        (b"<svg>", "image/svg+xml", None),
        (b"GIF89a", "", "image/gif"),
        (b"", "image/png", None),
    ],
)
def test_it_knows_a_file_by_its_first_bytes(head: bytes, said: str, real: str | None) -> None:
    assert playable_type(head, said) == real


def test_a_harmless_word_of_the_sender_is_kept() -> None:
    assert true_type(b"PK\x03\x04", "application/zip") == "application/zip"
    assert true_type(b"PK\x03\x04", "video/mp4") == "application/octet-stream"
