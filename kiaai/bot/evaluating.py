"""How often the bot answers right: questions put to what it knows, and each answer compared with a list."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from kiaai.bot.answering import decide
from kiaai.bot.finding import find
from kiaai.bot.knowledge import topics
from kiaai.bot.llm import LanguageModel
from kiaai.bot.question_file import ACTIONS, BadQuestions, Case
from kiaai.bot.recording import replayed
from kiaai.bot.turn import Decision, Found, TurnInput
from kiaai.bot.wording import phrase_of
from kiaai.extensions import db
from kiaai.models import Article


@dataclass(frozen=True)
class Asked:
    """A case as the bot reads it, with what it finds: enough to decide without a table."""

    case: Case
    turn: TurnInput
    found: Found


@dataclass(frozen=True)
class Outcome:
    """What the bot did with a case. found: the title of the article it answered with, else its action."""

    case: Case
    found: str
    decision: Decision
    is_right: bool

    @property
    def language(self) -> str:
        return self.case.language or self.decision.language


@dataclass(frozen=True)
class Share:
    """So many of so many are right."""

    right: int
    total: int

    @property
    def accuracy(self) -> float:
        return self.right / self.total if self.total else 0.0


def ask(cases: Sequence[Case], business_name: str) -> list[Asked]:
    """Return what the bot reads and finds for each case. Raises BadQuestions for a title nobody knows."""
    _require_known(cases)
    known = tuple(topics())
    turns = [replayed({"read": case.question.splitlines()}, business_name, known) for case in cases]
    return [Asked(case, turn, find(turn)) for case, turn in zip(cases, turns, strict=True)]


def judge(asked: Asked, model: LanguageModel | None = None) -> Outcome:
    """Return what the bot does with a case and whether it is right. No table: a model may take its time."""
    decision = decide(asked.turn, asked.found, model)
    names = _names_of(decision)
    is_right = any(_alike(name) in map(_alike, names) for name in asked.case.expected)
    return Outcome(asked.case, names[0], decision, is_right)


def share(outcomes: Iterable[Outcome]) -> Share:
    """Return how many are right."""
    verdicts = [outcome.is_right for outcome in outcomes]
    return Share(sum(verdicts), len(verdicts))


def shares(outcomes: Sequence[Outcome], names: Sequence[str]) -> dict[str, Share]:
    """Return the share of each name, the largest group first. names: one for each outcome."""
    groups = Counter(names)
    pairs = list(zip(outcomes, names, strict=True))
    return {name: share(o for o, own in pairs if own == name) for name, _ in groups.most_common()}


def _require_known(cases: Iterable[Case]) -> None:
    """Refuse a title that no article has: such a question could never be answered right."""
    titles = db.session.scalars(select(Article.title).where(Article.is_active))
    known = {_alike(name) for name in (*titles, *ACTIONS)}
    for case in cases:
        for name in case.expected:
            if _alike(name) not in known:
                raise BadQuestions(
                    case.line, f"{name!r} is no active article, and none of {', '.join(ACTIONS)}."
                )


def _names_of(decision: Decision) -> tuple[str, ...]:
    """Return all that a decision may be called, the most exact first."""
    if decision.kind == "answer" and decision.passages:
        return (decision.passages[0].title, "answer")
    if decision.kind == "answer":
        return ("small_talk",)
    # A model has no words of ours for "I do not know that": it hands over instead.
    return (
        ("hand_off", "fallback")
        if decision.reason == "model" and decision.kind == "hand_off"
        else (decision.kind,)
    )


def _alike(name: str) -> str:
    """Return a name without accents, capitals and signs."""
    return phrase_of(name)
