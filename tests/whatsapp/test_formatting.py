"""Formatting as WhatsApp draws it, and nothing that a customer could make of it."""

import pytest

from kiaai.whatsapp.formatting import rich_text, without_marks


@pytest.mark.parametrize(
    ("said", "drawn"),
    [
        ("*a* _b_ ~c~ `d`", "<strong>a</strong> <em>b</em> <s>c</s> <code>d</code>"),
        ("*_a_*", "<strong><em>a</em></strong>"),
        ("`*a*` ```_b_```", "<code>*a*</code> <code>_b_</code>"),
        ("2*3*4 a_b_c ~ x ~ * y*", "2*3*4 a_b_c ~ x ~ * y*"),
        ("`a` `", "<code>a</code> `"),
        ("> *a*\n> b\nc", '<span class="quoted"><strong>a</strong>\nb</span>c'),
        ("x\n> a", 'x\n<span class="quoted">a</span>'),
        ("a > b", "a &gt; b"),
        ("- a\n* b\n1. c", "• a\n• b\n1. c"),
        ("-a\n-", "-a\n-"),
        ("<b>`<i>`", "&lt;b&gt;<code>&lt;i&gt;</code>"),
        ("> <b>", '<span class="quoted">&lt;b&gt;</span>'),
    ],
)
def test_marks_are_drawn_and_all_else_is_as_it_was_written(said: str, drawn: str) -> None:
    assert rich_text(said) == drawn


def test_a_link_keeps_its_signs_and_opens_elsewhere() -> None:
    html = rich_text("https://example.com/a_b_c?x=*y*.")

    assert 'href="https://example.com/a_b_c?x=*y*"' in html or 'href="https://example.com/a_b_c?x=*y"' in html
    assert 'target="_blank" rel="noopener noreferrer nofollow"' in html and "<em>" not in html


@pytest.mark.parametrize("said", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example/a"])
def test_only_web_addresses_become_links(said: str) -> None:
    assert "<a" not in rich_text(said)


def test_a_line_without_marks_has_the_words_alone() -> None:
    assert without_marks("*a* `_b_` ~c~") == "a _b_ c"
