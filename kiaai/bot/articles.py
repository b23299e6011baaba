"""Articles written in Markdown: each `#` or `##` heading begins one. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from markdown_it import MarkdownIt

from kiaai.errors import KiaAiError
from kiaai.texts import Text, lazy

LANGUAGES = ("es", "en")
LONGEST_TITLE = 200
LONGEST_BODY = 20_000

_READER = MarkdownIt("commonmark")
_FRONT_LINE = re.compile(r"(language|keywords)\s*:\s*(.*)", re.IGNORECASE)


class UnreadableFile(KiaAiError):
    """A file of articles has a mistake; the text names the file's line and the way out."""

    def __init__(self, line: int, reason: str):
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


@dataclass
class ArticleDraft:
    """One article as written. body: Markdown. line: where its title stands, from 1."""

    title: str
    language: str
    line: int
    keywords: str = ""
    body: str = ""


def read_articles(text: str, language: str) -> list[ArticleDraft]:
    """Return the articles of a file. language: of those that do not name their own.

    Raises UnreadableFile naming the line: text before the first title, an article without text, a title
    twice, an unknown language, a file without articles.
    """
    lines = unicodedata.normalize("NFC", text.replace("\x00", "")).splitlines()
    headings = _headings(lines)
    first = headings[0][0] if headings else len(lines)
    language = _front_language(lines[:first], language)
    if not headings:
        raise UnreadableFile(1, lazy("no article here. Begin each with a line such as: # Opening hours"))
    ends = [start for start, *_ in headings[1:]] + [len(lines)]
    drafts = [_draft(lines, heading, end, language) for heading, end in zip(headings, ends, strict=True)]
    drafts = _without_document_title(drafts, [level for _, _, level, _ in headings])
    _require_different_titles(drafts)
    return drafts


Heading = tuple[int, int, int, str]


def _headings(lines: list[str]) -> list[Heading]:
    """Return (first line, line after it, level, title) of each `#` and `##`.

    Not those in code, and no line that is a title only by the dashes under it: people rule off with these.
    """
    tokens = _READER.parse("\n".join(lines))
    return [
        (token.map[0], token.map[1], int(token.tag[1]), tokens[index + 1].content.strip())
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.markup in ("#", "##") and token.level == 0 and token.map
    ]


def _front_language(front: list[str], language: str) -> str:
    """Read the lines above the first title: only `language:` and a fence of dashes may stand there."""
    for number, line in enumerate(front, start=1):
        match = _FRONT_LINE.fullmatch(line.strip())
        if match and match[1].lower() == "language":
            language = _known_language(match[2], number)
        elif line.strip().strip("-"):
            raise UnreadableFile(
                number, lazy("text before the first title. Put a line such as: # Opening hours")
            )
    return language


def _draft(lines: list[str], heading: Heading, end: int, language: str) -> ArticleDraft:
    start, after, _, title = heading
    draft = ArticleDraft(title=title, language=language, line=start + 1)
    if not title or len(title) > LONGEST_TITLE:
        raise UnreadableFile(
            draft.line, lazy("a title needs 1 to %(limit)s characters.", limit=LONGEST_TITLE)
        )
    while after < end and (not lines[after].strip() or _FRONT_LINE.fullmatch(lines[after].strip())):
        _read_front_line(draft, lines[after].strip(), after + 1)
        after += 1
    draft.body = "\n".join(lines[after:end]).strip()
    if len(draft.body) > LONGEST_BODY:
        raise UnreadableFile(draft.line, _too_long(title))
    return draft


def _too_long(title: str) -> Text:
    return lazy("“%(title)s” has more than %(limit)s characters. Split it.", title=title, limit=LONGEST_BODY)


def _read_front_line(draft: ArticleDraft, line: str, number: int) -> None:
    match = _FRONT_LINE.fullmatch(line)
    if match and match[1].lower() == "language":
        draft.language = _known_language(match[2], number)
    elif match:
        draft.keywords = ", ".join(filter(None, (draft.keywords, match[2].strip())))


def _known_language(word: str, line: int) -> str:
    language = word.strip().lower()
    if language not in LANGUAGES:
        raise UnreadableFile(line, lazy("language is %(word)s, but must be es or en.", word=word.strip()))
    return language


def _without_document_title(drafts: list[ArticleDraft], levels: list[int]) -> list[ArticleDraft]:
    """Drop a `#` with nothing under it but `##`: it names a chapter. Any other empty article is a mistake."""
    kept = []
    for index, draft in enumerate(drafts):
        is_chapter = levels[index] == 1 and levels[index + 1 : index + 2] == [2]
        if draft.body:
            kept.append(draft)
        elif not is_chapter:
            raise UnreadableFile(
                draft.line,
                lazy("“%(title)s” has no text. Write its answer below the title.", title=draft.title),
            )
    return kept


def _require_different_titles(drafts: list[ArticleDraft]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for draft in drafts:
        first = seen.setdefault((draft.language, draft.title), draft.line)
        if first != draft.line:
            raise UnreadableFile(
                draft.line,
                lazy("“%(title)s” stands already in line %(line)s.", title=draft.title, line=first),
            )
