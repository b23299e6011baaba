"""Markdown as WhatsApp shows it: *bold*, _italic_, lists and plain links, in one bubble."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

# One answer is one bubble, and each bubble is billed: what a phone shows without scrolling.
LONGEST = 900

_READER = MarkdownIt("commonmark").enable("strikethrough")
_MARKS = {"strong": "*", "em": "_", "s": "~"}


def whatsapp_text(markdown: str, longest: int = LONGEST) -> str:
    """Return the text as WhatsApp writes it; a long one is cut at the end of a paragraph or sentence."""
    blocks = _Blocks()
    for token in _READER.parse(markdown):
        blocks.read(token)
    text = re.sub(r"\n{3,}", "\n\n", "".join(blocks.parts)).strip()
    return text if len(text) <= longest else _cut(text, longest)


class _Blocks:
    """Collects the blocks of a document: paragraphs, headings and nested lists."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        # One entry a list that is open: the next number, or None for bullets.
        self.lists: list[int | None] = []
        self.is_heading = False

    def read(self, token: Token) -> None:
        kind = token.type
        if kind == "inline":
            text = _inline(token.children or [])
            self.parts.append(f"*{text.replace('*', '')}*" if self.is_heading else text)
        elif kind in ("fence", "code_block"):
            self.parts.append(f"```{token.content.rstrip()}```\n\n")
        elif kind in ("bullet_list_open", "ordered_list_open"):
            self._open_list(token)
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
            self.parts.append("" if self.lists else "\n")
        elif kind == "list_item_open":
            self.parts.append(self._bullet())
        elif kind in ("heading_open", "heading_close"):
            self.is_heading = kind == "heading_open"
            self.parts.append("" if self.is_heading else "\n")
        elif kind == "paragraph_close":
            self.parts.append("\n" if self.lists else "\n\n")

    def _open_list(self, token: Token) -> None:
        self.lists.append(int(token.attrGet("start") or 1) if token.type.startswith("ordered") else None)

    def _bullet(self) -> str:
        indent, number = "   " * (len(self.lists) - 1), self.lists[-1]
        if number is None:
            return f"{indent}• "
        self.lists[-1] = number + 1
        return f"{indent}{number}. "


def _inline(tokens: list[Token]) -> str:
    parts: list[str] = []
    links: list[tuple[int, str]] = []
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        if token.type == "link_open":
            links.append((len(parts), str(token.attrGet("href") or "")))
        elif token.type == "link_close":
            start, address = links.pop()
            parts[start:] = [_link("".join(parts[start:]), address)]
        elif name in _MARKS and edge in ("open", "close"):
            parts.append(_MARKS[name])
        else:
            parts.append(_plain(token))
    return "".join(parts)


def _plain(token: Token) -> str:
    if token.type == "softbreak":
        return " "
    if token.type == "hardbreak":
        return "\n"
    if token.type == "code_inline":
        return f"`{token.content}`"
    if token.type == "html_inline":
        return ""
    return token.content


def _link(words: str, address: str) -> str:
    bare = address.removeprefix("mailto:").removeprefix("tel:")
    return bare if words in (bare, address) or not words else f"{words}: {bare}"


def _cut(text: str, longest: int) -> str:
    """Cut at the last paragraph, else sentence, else word that leaves at least half of the room used."""
    room = text[: longest - 2]
    for end in ("\n\n", "\n", ". ", " "):
        at = room.rfind(end)
        if at >= longest // 2:
            return room[:at].rstrip(" ,;:.") + " …"
    return room + " …"
