"""Questions that nobody could answer: counted where the bot gives up, settled by articles. No commit."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from kiaai.bot import knowledge
from kiaai.bot.deciding import customer_language
from kiaai.bot.languages import DEFAULT
from kiaai.bot.questions import read_question
from kiaai.bot.turn import Decision, TurnInput
from kiaai.bot.wording import bare_phrase_of
from kiaai.extensions import db
from kiaai.models import Article, Question
from kiaai.whatsapp.cleaning import one_line

# Whoever writes more than this tells a story; its beginning still tells what about.
LONGEST = 300
STATES = ("open", "answered", "dismissed")
# So many open questions are put to an article that was just written.
_MOST_SETTLED = 50
# Says nothing that an answer could miss.
_DECORATION = frozenset({"sticker"})

# Numbers of people, cards and orders, and addresses of mail: no question needs them to be understood.
_PERSONAL = re.compile(r"\S+@\S+|\+?\d(?:[\s().-]?\d){5,}")

HOUSEKEEPING = (
    "DELETE FROM questions WHERE last_asked_at < clock_timestamp() - interval '180 days'",
    # Those of a file stay as a mark: without it the file would bring them back.
    "DELETE FROM articles WHERE source = '' AND deleted_at < clock_timestamp() - interval '30 days'",
)

_SHARING_A_WORD = text("""
    SELECT q.id FROM questions q JOIN articles a ON a.id = ANY (:article_ids)
    WHERE q.state = 'open' AND a.is_active AND a.search @@ CAST(replace(CAST(plainto_tsquery(
        CAST(CASE a.language WHEN 'es' THEN 'spanish' ELSE 'english' END AS regconfig), q.words) AS text),
        '&', '|') AS tsquery)
    ORDER BY q.times DESC, q.last_asked_at DESC, q.id LIMIT :most""").bindparams(bindparam("article_ids"))


def keep_question(turn: TurnInput, decision: Decision, turn_id: int) -> None:
    """Count what the customer asked where the bot found nothing to say to it.

    One statement, last of all, that locks nothing but this question: turns never wait in a ring.
    """
    if not is_unanswered(turn, decision):
        return
    said = _without_people("\n".join(turn.texts))
    words = bare_phrase_of(said)[:LONGEST].strip()
    asked = insert(Question).values(
        words=words,
        language=customer_language(turn) or DEFAULT,
        text=one_line(said, LONGEST),
        turn_id=turn_id,
    )
    # What was answered and is asked in vain again is open again; what somebody put aside stays there.
    is_answered = Question.state == "answered"
    again = {
        "times": Question.times + 1,
        "last_asked_at": func.clock_timestamp(),
        "text": asked.excluded.text,
        "turn_id": asked.excluded.turn_id,
        "state": case((is_answered, "open"), else_=Question.state),
        "article_id": case((is_answered, None), else_=Question.article_id),
    }
    db.session.execute(asked.on_conflict_do_update(index_elements=["words", "language"], set_=again))


def is_unanswered(turn: TurnInput, decision: Decision) -> bool:
    """Tell whether the bot gave up for want of an article: not for a person's sake, nor on a picture."""
    if decision.passages or turn.things - _DECORATION:
        return False
    by_knowledge = decision.kind == "fallback" or decision.reason == "second_fallback"
    after_the_model = decision.kind == "hand_off" and decision.model is not None
    if not (by_knowledge or after_the_model):
        return False
    return any(_is_about_something(said) for said in turn.texts)


def set_state(ids: Sequence[int], state: str, article_id: int | None = None) -> int:
    """Put questions into a state; return how many there were. article_id: what answers them."""
    changed = (
        update(Question)
        .where(Question.id.in_(_in_order(ids)))
        .values(state=state, article_id=article_id)
        .returning(Question.id)
    )
    return len(db.session.scalars(changed, execution_options={"synchronize_session": "fetch"}).all())


def settle(articles: Iterable[Article]) -> int:
    """Mark the open questions that these articles answer by now, the most asked first; return how many."""
    answering = {article.id for article in articles if article.is_active}
    if not answering:
        return 0
    db.session.flush()
    ids = db.session.scalars(_SHARING_A_WORD, {"article_ids": sorted(answering), "most": _MOST_SETTLED}).all()
    settled = 0
    for question in db.session.scalars(select(Question).where(Question.id.in_(ids)).order_by(Question.id)):
        found = knowledge.search(question.text, question.language)
        if found and found[0].article_id in answering:
            settled += set_state([question.id], "answered", found[0].article_id)
    return settled


def _in_order(ids: Sequence[int]) -> list[int]:
    known = select(Question.id).where(Question.id.in_(ids)).order_by(Question.id).with_for_update()
    return list(db.session.scalars(known))


def _is_about_something(said: str) -> bool:
    asked = read_question(_without_people(said))
    return bool(asked.words or asked.hints)


def _without_people(said: str) -> str:
    return _PERSONAL.sub("…", said)
