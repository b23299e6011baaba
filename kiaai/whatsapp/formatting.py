"""WhatsApp's own formatting: *bold*, _italic_, ~struck~, `code`, > quotes, - lists; as HTML or as words."""

import re

from markupsafe import Markup, escape

_CODE = re.compile(r"```([^`]+)```")
_LINK = r"(?P<a>https?://[^\s<>\"']+[^\s<>\"'.,:;!?)\]}])"
# A mark stands at the edge of words, on one line, and holds something.
_MARKS = [
    rf"(?<![\w{sign}]){sign}(?=\S)(?P<{tag}>[^\n{sign}]+)(?<=\S){sign}(?![\w{sign}])"
    for sign, tag in ((r"\*", "strong"), ("_", "em"), ("~", "s"))
]
_INLINE_CODE = r"(?<![\w`])`(?P<code>[^`\n]+)`(?![\w`])"
_STYLED = re.compile("|".join([_INLINE_CODE, _LINK, *_MARKS]), re.IGNORECASE)
# In these nothing else has a meaning.
_PLAIN = ("a", "code")
_QUOTED = re.compile(r"(?:^> .+(?:\n|\Z))+", re.MULTILINE)
_QUOTE_SIGN = re.compile(r"^> ", re.MULTILINE)
# A line with two stars may be a mark that went wrong.
_BULLET = re.compile(r"^(?:-|\*(?!.*\*)) (?=\S)", re.MULTILINE)


def rich_text(text: str | None) -> Markup:
    """Return a message as HTML: escaped, with WhatsApp's own formatting.

    Links open elsewhere. Line breaks are kept by CSS; a quote stands on lines of its own by CSS, too.
    """
    # Every second piece is code, in which nothing else has a meaning.
    pieces = _CODE.split(text or "")
    drawn = (Markup("<code>{}</code>").format(x) if i % 2 else _lines(x) for i, x in enumerate(pieces))
    return Markup("").join(drawn)


def _lines(text: str) -> Markup:
    """Return text without blocks of code as HTML: its quotes, and the lines between them."""
    parts, end = [], 0
    for quote in _QUOTED.finditer(text):
        words = _QUOTE_SIGN.sub("", quote[0]).removesuffix("\n")
        parts.append(_styled(_BULLET.sub("• ", text[end : quote.start()])))
        parts.append(Markup('<span class="quoted">{}</span>').format(_styled(words)))
        end = quote.end()
    return Markup("").join([*parts, _styled(_BULLET.sub("• ", text[end:]))])


def _styled(text: str) -> Markup:
    """Return text without code as HTML; what is between two marks is drawn by itself: tags never cross."""
    parts, end = [], 0
    for match in _STYLED.finditer(text):
        tag = match.lastgroup or ""
        inner = match[tag]
        parts.append(escape(text[end : match.start()]))
        within = escape(inner) if tag in _PLAIN else _styled(inner)
        # The tags are the names of our own groups.
        parts.append(_link(inner) if tag == "a" else Markup(f"<{tag}>{within}</{tag}>"))  # noqa: S704
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
        return match[tag] if tag in _PLAIN else _bare(match[tag])

    return _STYLED.sub(inner, text)
