"""Names are the customer's own, without the tricks."""

import pytest

from kiaai.media.naming import download_name


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("cotización ñandú.pdf", "cotización ñandú.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\boot.ini", "boot.ini"),
        ('a"b\r\nSet-Cookie: x.pdf', "a_bSet-Cookie_ x.pdf"),
        ("foto\u202egpj.exe", "fotogpj.exe"),
        ("..", "file-7.pdf"),
        (None, "file-7.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("ñ" * 300, "ñ" * 120),
    ],
)
def test_a_name_is_made_safe(given: str | None, safe: str) -> None:
    assert download_name(given, "application/pdf", 7) == safe
