"""What templates print: names, numbers, sizes, and the words of strangers made safe."""

import pytest

from kiaai.web.filters import initials, is_big_emoji, phone, rich_text, size


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Dana Díaz", "DD"),
        ("maría josé fuentes", "MF"),
        ("+56900000001", "01"),
        ("Ñandú", "Ñ"),
        ("", "?"),
        ("🙂", "?"),
    ],
)
def test_initials_are_one_or_two_letters(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_numbers_are_spaced_as_people_write_them() -> None:
    assert phone("56221110000") == "+56 2 2111 0000"
    assert phone("1") == "+1"
    assert phone(None) == ""


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*sí*, _claro_ y ~no~", "<strong>sí</strong>, <em>claro</em> y <s>no</s>"),
        ("2 * 3 * 4 y a_b_c", "2 * 3 * 4 y a_b_c"),
        ("* no *", "* no *"),
        ("```x = 1```", "<code>x = 1</code>"),
        ("*<b>*", "<strong>&lt;b&gt;</strong>"),
        ('"*&*"', "&#34;<strong>&amp;</strong>&#34;"),
    ],
)
def test_marks_are_drawn_as_whatsapp_does(text: str, html: str) -> None:
    assert rich_text(text) == html


def test_a_link_ends_before_the_full_stop_and_keeps_its_underscores() -> None:
    html = rich_text("Mire https://kia.example/a_b_c?x=1&y=2.")

    assert 'href="https://kia.example/a_b_c?x=1&amp;y=2"' in html
    assert html.endswith("</a>.")


@pytest.mark.parametrize("text", ["javascript:alert(1)", "http://", "https:// x", "data:text/html,x"])
def test_only_web_addresses_become_links(text: str) -> None:
    assert "<a" not in rich_text(text)


@pytest.mark.parametrize(
    ("text", "is_big"),
    [
        ("👍", True),
        ("👍🏽", True),
        ("❤️😍🎉", True),
        ("🇨🇱", True),
        ("ok 👍", False),
        ("12", False),
        ("", False),
    ],
)
def test_emoji_alone_are_big(text: str, is_big: bool) -> None:
    assert is_big_emoji(text) is is_big


def test_sizes_are_in_words() -> None:
    assert [size(n) for n in (None, 812, 34_200, 2_100_000)] == ["", "812 B", "34 kB", "2.1 MB"]
