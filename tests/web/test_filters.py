"""What templates print: names, numbers, sizes, and the words of strangers made safe."""

import time

import pytest

from kiaai.web.filters import initials, is_big_emoji, phone, size
from kiaai.whatsapp.formatting import rich_text


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
        ("*a _b* c_", "<strong>a _b</strong> c_"),
        ("*a _b_ ~c~*", "<strong>a <em>b</em> <s>c</s></strong>"),
        ("```*x* _y_ http://kia.example/```", "<code>*x* _y_ http://kia.example/</code>"),
        ("*a ```b* c``` d*", "*a <code>b* c</code> d*"),
        ("~*_a_*~", "<s><strong><em>a</em></strong></s>"),
        ("***", "***"),
        ('"*&*"', "&#34;<strong>&amp;</strong>&#34;"),
    ],
)
def test_marks_are_drawn_as_whatsapp_does(text: str, html: str) -> None:
    assert rich_text(text) == html


def test_a_link_ends_before_the_full_stop_and_keeps_its_underscores() -> None:
    html = rich_text("Mire https://kia.example/a_b_c?x=1&y=2.")

    assert 'href="https://kia.example/a_b_c?x=1&amp;y=2"' in html
    assert html.endswith("</a>.")


def test_a_link_between_marks_is_marked_too() -> None:
    html = rich_text("_http://kia.example/ab_")

    assert html.startswith('<em><a href="http://kia.example/ab"') and html.endswith("</a></em>")


@pytest.mark.parametrize(
    "text",
    ["*a " * 20_000, "_" * 60_000, "`" * 60_000, "```a`" * 12_000, "http://" + "." * 60_000, "*_~" * 20_000],
)
def test_no_message_takes_long_to_draw(text: str) -> None:
    start = time.process_time()
    rich_text(text)

    assert time.process_time() - start < 1


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
