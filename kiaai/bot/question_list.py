"""What the list of unanswered questions shows, and the article that one of them would become."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, func, select, text

from kiaai.bot.articles import LONGEST_TITLE
from kiaai.bot.editing import Written
from kiaai.bot.questions import read_question
from kiaai.extensions import db
from kiaai.models import Article, BotTurn, Lead, Question
from kiaai.models.conversation import Conversation
from kiaai.whatsapp.cleaning import one_line

MOST_SHOWN = 100
COUNTED = 100
# Questions that share this much of what they are about are the same one, asked in other words.
_ALIKE = 0.6
_LONGEST_KEYWORDS = 12
_ENDING = re.compile(r"e?s?$")

# What was said after the turn; more than this nobody writes before a person answers.
_NEXT = text("""
    SELECT t.id AS turn_id, said.direction, said.text, said.name
    FROM bot_turns t CROSS JOIN LATERAL (
        SELECT m.id, m.timestamp, m.direction, left(m.text, 2000) AS text,
            coalesce(nullif(u.name, ''), u.email) AS name
        FROM messages m LEFT JOIN users u ON u.id = m.user_id
        WHERE m.conversation_id = t.conversation_id AND m.timestamp >= t.started_at
            AND m.kind = 'text' AND m.text <> '' AND m.revoked_at IS NULL AND NOT m.payload ? 'imported'
            AND (m.direction = 'incoming'
                OR m.author IN ('user', 'phone') AND m.status NOT IN ('failed', 'cancelled'))
        ORDER BY m.timestamp, m.id LIMIT 20) AS said
    WHERE t.id = ANY (:turn_ids)
    ORDER BY t.id, said.timestamp, said.id""")
_MOST_SAID = 3


@dataclass
class Asked:
    """A question as it is shown.

    conversation_id, who: where it was asked last. answer: what a person said to it then. alike: others that
    ask the same in other words.
    """

    question: Question
    conversation_id: int | None = None
    who: str = ""
    answer: str = ""
    answered_by: str | None = None
    article: Article | None = None
    alike: list["Asked"] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        """Return the question and those alike."""
        return [self.question.id, *(one.question.id for one in self.alike)]

    @property
    def best(self) -> "Asked":
        """Return the one of them that a person answered, else this."""
        return next((one for one in (self, *self.alike) if one.answer), self)

    @property
    def times(self) -> int:
        return self.question.times + sum(one.question.times for one in self.alike)


def list_questions(state: str, is_grouped: bool = True) -> list[Asked]:
    """Return the questions in a state: open ones by how often they were asked, others by when."""
    order = (Question.times.desc(),) if state == "open" else ()
    rows = db.session.scalars(
        select(Question)
        .where(Question.state == state)
        .order_by(*order, Question.last_asked_at.desc(), Question.id.desc())
        .limit(MOST_SHOWN)
    ).all()
    shown = _with_surroundings(rows)
    return grouped(shown) if is_grouped and state == "open" else shown


def count_by_state() -> dict[str, int]:
    """Return how many there are in each state, counted up to a hundred and one."""

    def some(state: str) -> Select[int]:
        few = select(Question.id).where(Question.state == state).limit(COUNTED + 1).subquery()
        return select(func.count()).select_from(few)

    states = ("open", "answered", "dismissed")
    row = db.session.execute(select(*(some(state).scalar_subquery() for state in states))).one()
    return dict(zip(states, row, strict=True))


def find_question(question_id: int) -> Question | None:
    """Return the question; None for none."""
    return db.session.get(Question, question_id) if 0 < question_id < 2**63 else None


def draft_from(question: Question) -> Written:
    """Return the article that a question would become: asked as its title, answered as a person did."""
    (asked,) = _with_surroundings([question])
    alike = [one for one in _neighbours(question) if _is_alike(one, question)]
    words = [word for one in (question, *alike) for word in read_question(one.text).words]
    return Written(
        title=one_line(question.text, LONGEST_TITLE),
        body=_as_markdown(asked.answer),
        keywords=", ".join(list(dict.fromkeys(words))[:_LONGEST_KEYWORDS]),
        language=question.language,
    )


def grouped(shown: Sequence[Asked]) -> list[Asked]:
    """Put questions that ask the same under the one that was asked most."""
    heads: list[Asked] = []
    for one in shown:
        head = next((head for head in heads if _is_alike(head.question, one.question)), None)
        (head.alike if head else heads).append(one)
    return sorted(heads, key=lambda head: -head.times)


def _neighbours(question: Question) -> Sequence[Question]:
    others = select(Question).where(Question.state == "open", Question.id != question.id)
    return db.session.scalars(others.order_by(Question.times.desc(), Question.id).limit(MOST_SHOWN)).all()


def _is_alike(one: Question, other: Question) -> bool:
    first, second = _subject(one), _subject(other)
    shared = len(first & second)
    return one.language == other.language and shared > 0 and shared / len(first | second) >= _ALIKE


def _subject(question: Question) -> frozenset[str]:
    """Return what a question is about; plurals are as good as one."""
    return frozenset(_ENDING.sub("", word) for word in read_question(question.words).words)


def _with_surroundings(questions: Sequence[Question]) -> list[Asked]:
    turn_ids = [question.turn_id for question in questions if question.turn_id]
    places = {row.id: row for row in db.session.execute(_places(turn_ids))}
    answers = _answers(turn_ids)
    article_ids = {question.article_id for question in questions if question.article_id}
    articles = {a.id: a for a in db.session.scalars(select(Article).where(Article.id.in_(article_ids)))}
    shown = []
    for question in questions:
        asked = Asked(question, article=articles.get(question.article_id or 0))
        if place := places.get(question.turn_id):
            asked.conversation_id, asked.who = place.conversation_id, place.who
        if said := answers.get(question.turn_id or 0):
            asked.answer, asked.answered_by = "\n\n".join(row.text for row in said), said[0].name
        shown.append(asked)
    return shown


def _answers(turn_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """Return what people said to each of these turns, up to the customer's next word."""
    answers: dict[int, list[Row[Any]]] = defaultdict(list)
    ended = set()
    for row in db.session.execute(_NEXT, {"turn_ids": list(turn_ids)}):
        if row.direction == "incoming":
            ended |= {row.turn_id} if answers[row.turn_id] else set()
        elif row.turn_id not in ended and len(answers[row.turn_id]) < _MOST_SAID:
            answers[row.turn_id].append(row)
    return answers


def _places(turn_ids: Sequence[int]) -> Select[int, int, str]:
    who = func.coalesce(Lead.customer_name, Lead.phone_number, "").label("who")
    return (
        select(BotTurn.id, BotTurn.conversation_id, who)
        .join(Conversation, Conversation.id == BotTurn.conversation_id)
        .join(Lead, Lead.id == Conversation.lead_id)
        .where(BotTurn.id.in_(turn_ids))
    )


def _as_markdown(said: str) -> str:
    """Return what a person wrote on WhatsApp with the breaks of its lines kept."""
    return "\n".join(f"{line}  " if line.strip() else "" for line in said.splitlines()).rstrip()
