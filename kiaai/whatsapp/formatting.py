"""WhatsApp's own formatting: *bold*, _italic_, ~struck~ and ```code```, as HTML or as plain words."""

import re

from markupsafe import Markup, escape

_CODE = re.compile(r"```([^`]+)```")
_LINK = r"(?P<a>https?://[^\s<>\"']+[^\s<>\"'.,:;!?)\]}])"
# A mark stands at the edge of words, on one line, and holds something.
_MARKS = [
    rf"(?<![\w{sign}]){sign}(?=\S)(?P<{tag}>[^\n{sign}]+)(?<=\S){sign}(?![\w{sign}])"
    for sign, tag in ((r"\*", "strong"), ("_", "em"), ("~", "s"))
]
_STYLED = re.compile("|".join([_LINK, *_MARKS]), re.IGNORECASE)


def rich_text(text: str | None) -> Markup:
    """Return a message as HTML: escaped, with WhatsApp's *bold*, _italic_, ~struck~ and ```code```.

    Links open elsewhere. Line breaks are kept by CSS.
    """
    # Every second piece is code, in which nothing else has a meaning.
    pieces = _CODE.split(text or "")
    drawn = (Markup("<code>{}</code>").format(x) if i % 2 else _styled(x) for i, x in enumerate(pieces))
    return Markup("").join(drawn)


def _styled(text: str) -> Markup:
    """Return text without code as HTML; what is between two marks is drawn by itself: tags never cross."""
    parts, end = [], 0
    for match in _STYLED.finditer(text):
        tag = match.lastgroup or ""
        inner = match[tag]
        parts.append(escape(text[end : match.start()]))
        # The tags are the names of our own groups.
        parts.append(_link(inner) if tag == "a" else Markup(f"<{tag}>{_styled(inner)}</{tag}>"))  # noqa: S704
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _link(url: str) -> Markup:
    return Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>').format(url)


def without_marks(text: str) -> str:
    """Return the words alone, for a line that shows no formatting."""
    pieces = _CODE.split(text)
    return "".join(piece if i % 2 else _bare(piece) for i, piece in enumerate(pieces))


def _bare(text: str) -> str:
    def inner(match: re.Match[str]) -> str:
        tag = match.lastgroup or ""
        return match[tag] if tag == "a" else _bare(match[tag])

    return _STYLED.sub(inner, text)
