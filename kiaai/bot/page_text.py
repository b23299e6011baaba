"""The text of a web page as Markdown, one section for each heading. Pure."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from kiaai.bot.articles import LANGUAGES, LONGEST_BODY, LONGEST_TITLE, ArticleDraft
from kiaai.bot.languages import DEFAULT, language_of
from kiaai.whatsapp.cleaning import clean_text, one_line

MOST_SECTIONS = 100
# Less than this is a frame that a program fills in the browser.
LEAST_CHARACTERS = 80
_DEEPEST_HEADING = 3

_MAIN = ("main", '[role="main"]', "article", "#content")
# What stands around a text and is none of it.
_AROUND = frozenset(
    """
    head script style noscript template svg nav aside footer form iframe canvas button select dialog
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_AROUND_ROLES = frozenset(("navigation", "banner", "contentinfo", "search"))
_MARKS = {"strong": "**", "b": "**", "em": "_", "i": "_"}
_BLOCKS = frozenset(
    """
    address article blockquote dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 header hr li
    main ol p pre section summary table tbody thead tr ul
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_HEADING = re.compile(r"h[1-6]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_END_BY_THEMSELVES = frozenset(
    """
    area base br col colgroup dd dt embed hr img input li link meta option p param source tbody td th thead tr
    track wbr
    """.split()  # noqa: SIM905 - as above
)
_DEEPEST = 2000
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,40})""", re.IGNORECASE)


@dataclass(frozen=True)
class Section:
    """Text below a heading. title: empty for what stands above the first."""

    title: str
    body: str


def decoded(content: bytes, charset: str | None) -> str:
    """Return the text of a page. charset: as its header names it, which is often wrong."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    found = _META_CHARSET.search(content[:4096])
    named = (charset, found[1].decode("ascii") if found else None)
    # What is UTF-8 without a fault is no other code, whatever the page says.
    for name in ("utf-8-sig", *named):
        try:
            return content.decode(name or "")
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def read_page(html: str, url: str) -> list[ArticleDraft]:
    """Return the sections of a page as articles; none where the page holds no text of its own."""
    if _depth(html) > _DEEPEST:
        return []
    # Not loaded where no page is ever read.
    from selectolax.lexbor import LexborHTMLParser

    document = LexborHTMLParser(clean_text(html))
    title = document.css_first("title")
    language = (document.root.attributes.get("lang") or "")[:2].lower() if document.root else ""
    root = _main_of(document)
    if root is None:
        return []
    sections = _sections(_Writer(url).written(root))
    name = one_line(title.text() if title else "", LONGEST_TITLE)
    return _drafts(sections, name or url, language)


def _depth(html: str) -> int:
    """Return about how deep a page is nested. Parsers take the square of that."""
    deepest = depth = 0
    for is_end, name in _TAG.findall(html):
        if name.lower() not in _END_BY_THEMSELVES:
            depth = max(0, depth + (-1 if is_end else 1))
            deepest = max(deepest, depth)
    return deepest


def read_plain(text: str, url: str) -> list[ArticleDraft]:
    """Return a page without marks as one article."""
    body = clean_text(text).strip()
    return _drafts([Section("", body)], url, "") if body else []


def _main_of(document: Any) -> Any:
    """Return the part that holds the text: what calls itself so, if it holds enough of it, else all."""
    for place in _MAIN:
        found = document.css_first(place)
        if found is not None and len(found.text(strip=True)) >= LEAST_CHARACTERS:
            return found
    return document.body


def _is_around(node: Any, root: Any) -> bool:
    if node.tag in _AROUND or (node.tag == "header" and root.tag == "body"):
        return True
    given = node.attributes
    is_hidden = "hidden" in given or given.get("aria-hidden") == "true"
    return is_hidden or given.get("role") in _AROUND_ROLES


def _drafts(sections: list[Section], name: str, language: str) -> list[ArticleDraft]:
    if sum(len(section.body) for section in sections) < LEAST_CHARACTERS:
        return []
    told = language_of(section.body for section in sections)
    language = told or (language if language in LANGUAGES else DEFAULT)
    drafts, taken = [], set[str]()
    for section in sections[:MOST_SECTIONS]:
        title = _free_title(section.title or name, taken)
        drafts.append(ArticleDraft(title, language, line=0, body=_cut(section.body)))
    return drafts


def _free_title(title: str, taken: set[str]) -> str:
    title = one_line(title, LONGEST_TITLE - 5)
    free = next(name for name in _numbered(title) if name not in taken)
    taken.add(free)
    return free


def _numbered(title: str) -> Iterator[str]:
    yield title
    for number in range(2, MOST_SECTIONS + 2):
        yield f"{title} ({number})"


def _cut(body: str) -> str:
    if len(body) <= LONGEST_BODY:
        return body
    return body[:LONGEST_BODY].rpartition("\n")[0] or body[:LONGEST_BODY]


def _sections(blocks: list[tuple[int, str]]) -> list[Section]:
    """Return the blocks below each of the headings that begin a matter of their own."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for level, block in blocks:
        if 0 < level <= _DEEPEST_HEADING:
            sections.append((block, []))
        else:
            sections[-1][1].append(f"**{block}**" if level else block)
    return [Section(title, _joined(parts)) for title, parts in sections if parts]


def _joined(parts: list[str]) -> str:
    """Put an empty line between paragraphs, and none between the items of a list."""
    joined = ""
    for part in parts:
        is_item = part.lstrip().startswith("- ")
        was_item = joined.rpartition("\n")[2].lstrip().startswith("- ")
        joined += ("\n" if is_item and was_item else "\n\n") + part
    return joined.strip()


class _Writer:
    """Writes the nodes of a page as blocks of Markdown: (level of the heading or 0, text)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._blocks: list[tuple[int, str]] = []
        self._parts: list[str] = []
        self._heading = 0
        self._lists = 0
        self._prefix = ""
        # Where each mark that is open began.
        self._open: list[int] = []

    def written(self, root: Any) -> list[tuple[int, str]]:
        # A stack of our own: pages may be nested deeper than Python calls.
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            node, is_end = stack.pop()
            if node.tag == "-text":
                self._add(node.text(deep=False))
            elif is_end:
                self._close(node)
            elif node.tag and not node.tag.startswith(("-", "!")) and not _is_around(node, root):
                self._enter(node)
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
        self._flush()
        return self._blocks

    def _add(self, text: str | None) -> None:
        words = re.sub(r"\s+", " ", text or "")
        if words == " " and (not self._parts or self._parts[-1].endswith((" ", "\n"))):
            return
        self._parts.append(re.sub(r"([*`<\\])", r"\\\1", words))

    def _enter(self, node: Any) -> None:
        tag = node.tag
        if tag in _BLOCKS:
            self._flush()
        if _HEADING.fullmatch(tag):
            self._heading = int(tag[1])
        elif tag in ("ul", "ol"):
            self._lists += 1
        elif tag == "li":
            self._prefix = "  " * max(0, min(self._lists, 4) - 1) + "- "
        elif tag == "br":
            self._parts.append("\n")
        elif tag in ("td", "th") and self._parts:
            self._parts.append(" · ")
        if tag in _MARKS or tag == "a":
            self._open.append(len(self._parts))

    def _close(self, node: Any) -> None:
        tag = node.tag
        if tag in _MARKS or tag == "a":
            start = min(self._open.pop(), len(self._parts))
            inside = "".join(self._parts[start:])
            self._parts[start:] = [self._marked(node, inside)]
        if tag in _BLOCKS:
            self._flush()
        if tag in ("ul", "ol"):
            self._lists -= 1
        elif _HEADING.fullmatch(tag):
            self._heading = 0

    def _marked(self, node: Any, inside: str) -> str:
        words = inside.strip()
        if not words or self._heading or "\n" in words:
            return inside
        before = inside[: len(inside) - len(inside.lstrip())]
        after = inside[len(inside.rstrip()) :]
        if node.tag != "a":
            mark = _MARKS[node.tag]
            return f"{before}{mark}{words}{mark}{after}"
        address = self._address(node.attributes.get("href") or "")
        return f"{before}[{words}]({address}){after}" if address else inside

    def _address(self, href: str) -> str | None:
        """Return where a link leads, if a customer could go there too."""
        if not href or href.startswith("#"):
            return None
        try:
            address = urljoin(self._url, href.strip())
        except ValueError:
            return None
        is_plain = address.startswith(("http://", "https://", "mailto:", "tel:"))
        return address if is_plain and not re.search(r"[\s()<>]", address) else None

    def _flush(self) -> None:
        raw = "".join(self._parts)
        self._parts = []
        # Marks that are open across blocks begin anew in each.
        self._open = [0 for _ in self._open]
        lines = (" ".join(line.split()) for line in raw.split("\n"))
        text = "  \n".join(line for line in lines if line)
        if not text:
            return
        if self._heading:
            self._blocks.append((self._heading, re.sub(r"\\(.)", r"\1", text.replace("  \n", " "))))
        else:
            self._blocks.append((0, f"{self._prefix}{text}"))
        self._prefix = ""
