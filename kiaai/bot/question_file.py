"""A file of questions to measure the bot with: CSV with what is right beside each question. Pure."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from kiaai.bot.articles import LANGUAGES
from kiaai.errors import KiaAiError

# What may be expected besides an article. small_talk: a greeting, thanks, whether it is a bot.
ACTIONS = ("answer", "small_talk", "ask", "silent", "fallback", "hand_off", "opt_out", "opt_in")
_EITHER = "|"
_MOST_CASES = 10_000


class BadQuestions(KiaAiError):
    """A file of questions has a mistake. line: of the file, from 1."""

    def __init__(self, line: int, reason: str):
        super().__init__(f"line {line}: {reason}")
        self.line = line


@dataclass(frozen=True)
class Case:
    """A question and what is right. expected: titles and actions, any of which will do."""

    line: int
    question: str
    expected: tuple[str, ...]
    language: str | None = None

    @property
    def kind(self) -> str:
        return self.expected[0] if self.expected[0] in ACTIONS else "article"


def read_cases(text: str) -> list[Case]:
    """Return the questions of a CSV file with the columns question, expected and, if you like, language.

    Comma or semicolon. A line break within a question begins another message of the same burst.
    Raises BadQuestions.
    """
    lines = _Lines(text)
    names = lines.header()
    cases = [_case(number, dict(zip(names, row, strict=False))) for number, row in lines.rows()]
    if not cases:
        raise BadQuestions(1, "no question below the names of the columns.")
    if len(cases) > _MOST_CASES:
        raise BadQuestions(cases[_MOST_CASES].line, f"more than {_MOST_CASES:,} questions. Split the file.")
    return cases


class _Lines:
    """The rows of a CSV text with the line that each begins in."""

    def __init__(self, text: str):
        text = text.removeprefix("\ufeff")
        first = text.partition("\n")[0]
        delimiter = ";" if first.count(";") > first.count(",") else ","
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)

    def header(self) -> list[str]:
        names = [name.strip().lower() for name in self._next() or []]
        for name in ("question", "expected"):
            if names.count(name) != 1:
                raise BadQuestions(1, f"one column must be called {name!r}; here are: {', '.join(names)}.")
        return names

    def rows(self) -> Iterable[tuple[int, list[str]]]:
        number = self._reader.line_num + 1
        while (row := self._next()) is not None:
            if any(cell.strip() for cell in row):
                yield number, row
            number = self._reader.line_num + 1

    def _next(self) -> list[str] | None:
        number = self._reader.line_num + 1
        try:
            return next(self._reader, None)
        except csv.Error as error:
            raise BadQuestions(number, f"not CSV: {error}.") from None


def _case(line: int, row: dict[str, str]) -> Case:
    question = row["question"].replace("\x00", "").strip() if "question" in row else ""
    expected = tuple(filter(None, (each.strip() for each in row.get("expected", "").split(_EITHER))))
    language = row.get("language", "").strip().lower() or None
    if not question:
        raise BadQuestions(line, "no question.")
    if not expected:
        raise BadQuestions(
            line, "nothing is expected: name an article, or one of " + ", ".join(ACTIONS) + "."
        )
    if language not in (None, *LANGUAGES):
        raise BadQuestions(line, f"language is {language!r}, but must be es or en.")
    return Case(line, question, expected, language)
