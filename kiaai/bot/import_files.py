"""Files of articles that came from a browser: read within limits, whatever they are called or hold. Pure."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kiaai.bot.articles import LANGUAGES, LONGEST_TITLE, ArticleDraft, UnreadableFile, read_articles
from kiaai.bot.languages import DEFAULT, language_of
from kiaai.texts import Text, lazy
from kiaai.whatsapp.cleaning import clean_text, one_line

LARGEST_FILE = 300_000
LARGEST_TOTAL = 2_000_000
MOST_FILES = 300
MOST_ARTICLES = 300
_ENDINGS = (".md", ".markdown", ".txt")
# What systems put beside the files of a person.
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True)
class File:
    """A file as it was handed in. name: with the folders that its sender gave it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Refused:
    """A file that is not read, and why, for a person."""

    name: str
    reason: Text


@dataclass
class Read:
    """What came of the files: the articles of each by its source, and those refused."""

    drafts: list[tuple[str, ArticleDraft]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


def read_files(files: Iterable[File]) -> Read:
    """Read Markdown and plain texts, and those in archives. Too much of anything is refused, not read."""
    read = Read()
    total = 0
    for number, file in enumerate(_unpacked(files, read)):
        total += len(file.content)
        if number >= MOST_FILES or total > LARGEST_TOTAL:
            read.refused.append(
                Refused(
                    _shown(file.name), lazy("Too much at once. Import this one and what follows by itself.")
                )
            )
            break
        _read_file(file, read)
    return read


def source_of(name: str) -> str:
    """Return by what a file is known: its folder and name, without ways out of them."""
    parts = [part.strip() for part in re.split(r"[\\/]+", clean_text(name))]
    kept = [part for part in parts if part.strip(". ")]
    return one_line("/".join(kept[-2:]), LONGEST_TITLE)


def _unpacked(files: Iterable[File], read: Read) -> Iterator[File]:
    for file in files:
        if file.name.lower().endswith(".zip"):
            yield from _members(file, read)
        elif not _LITTER.search(file.name.replace("\\", "/")):
            yield file


def _members(archive: File, read: Read) -> Iterator[File]:
    """Give the files of an archive, each unpacked no further than a file may be large."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
            for entry in opened.infolist():
                if entry.is_dir() or _LITTER.search(entry.filename):
                    continue
                if not entry.filename.lower().endswith(_ENDINGS):
                    yield File(entry.filename, b"")
                    continue
                with opened.open(entry) as packed:
                    yield File(entry.filename, packed.read(LARGEST_FILE + 1))
    except _BAD_ZIP:
        reason = lazy("The archive is damaged or locked with a password.")
        read.refused.append(Refused(_shown(archive.name), reason))


def _read_file(file: File, read: Read) -> None:
    source = source_of(file.name)
    try:
        text = _text_of(file)
        drafts = _drafts(text, source)
    except _NotRead as refused:
        read.refused.append(Refused(_shown(file.name), refused.reason))
        return
    except UnreadableFile as error:
        reason = lazy("line %(line)s: %(reason)s", line=error.line, reason=error.reason)
        read.refused.append(Refused(_shown(file.name), reason))
        return
    if source in read.sources:
        read.refused.append(Refused(_shown(file.name), lazy("A file of this name was read already.")))
    elif len(read.drafts) + len(drafts) > MOST_ARTICLES:
        read.refused.append(
            Refused(_shown(file.name), lazy("At most %(limit)s articles at once.", limit=MOST_ARTICLES))
        )
    else:
        read.sources.append(source)
        read.drafts += [(source, draft) for draft in drafts]


class _NotRead(Exception):
    def __init__(self, reason: Text):
        super().__init__(str(reason))
        self.reason = reason


def _text_of(file: File) -> str:
    if not file.name.lower().endswith(_ENDINGS):
        raise _NotRead(lazy("Only .md, .txt and .zip files are read."))
    if len(file.content) > LARGEST_FILE:
        raise _NotRead(lazy("A file of text has at most 300 kB. Split it."))
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _NotRead(lazy("This is not UTF-8. Save the file as UTF-8 text.")) from None
    if not text.strip():
        raise _NotRead(lazy("The file is empty."))
    return clean_text(text)


def _drafts(text: str, source: str) -> list[ArticleDraft]:
    """Return the articles of a file; one without headings is one article, called like its file."""
    name = source.rpartition("/")[2].rpartition(".")[0]
    stem, _, ending = name.rpartition(".")
    named = ending.lower() if ending.lower() in LANGUAGES else ""
    language = named or language_of([text[:5000]]) or DEFAULT
    if not source.lower().endswith(".txt") or re.search(r"^ {0,3}##? +\S", text, re.MULTILINE):
        return read_articles(text, language)
    title = one_line(re.sub(r"[_-]+", " ", stem if named else name), LONGEST_TITLE) or name
    return read_articles(f"# {title.capitalize()}\n\n{text}", language)


def _shown(name: str) -> str:
    return one_line(clean_text(name), 120)
