"""The knowledge base: articles loaded from Markdown files, and the search that answers from them."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from sqlalchemy import func, select

from kiaai.bot import ranking
from kiaai.bot.articles import LANGUAGES, ArticleDraft, UnreadableFile, read_articles
from kiaai.bot.languages import DEFAULT
from kiaai.bot.questions import Question, read_question, sentences_of
from kiaai.bot.ranking import Candidate
from kiaai.bot.shorthand import has_clipped, unclipped
from kiaai.bot.spelling import recognised
from kiaai.bot.turn import Passage
from kiaai.bot.whatsapp_text import whatsapp_text
from kiaai.bot.wording import words_of
from kiaai.extensions import db
from kiaai.models import Article

DEMO = Path(__file__).parent / "demo"

# An article answers when it speaks about this much of the question, or shares so many rare words with it
# that the rest is only talk. Tuned on tests/bot/test_answers.py: no answer is better than a wrong one.
_SHARE = 0.53
# (what the shared words weigh at least, share of the question at least)
_RARE = ((1.0, 0.35), (1.6, 0.3))
# Who wrote too little to tell the language means the one that fits so much better.
_MUCH = 1.25
_MOST_PASSAGES, _MOST_SENTENCES = 3, 8


@dataclass(frozen=True)
class Loaded:
    """What loading one file did to the articles of that file. kept: as people left them here."""

    added: int
    changed: int
    removed: int
    total: int
    kept: int = 0


def search(question: str, language: str | None = None) -> list[Passage]:
    """Return the articles that answer the question, the best first; none when nothing fits.

    language: the customer's, else the usual one; another comes only where nothing in theirs fits.
    """
    # Of several sentences, one may be the question and the others only the story around it.
    speller = _Speller()
    for text in (question, *sentences_of(question)[:_MOST_SENTENCES]):
        if passages := _search(text, language, speller):
            return passages
    return []


def nearest(question: str, language: str | None = None) -> list[Passage]:
    """Return what comes closest to the question, also where it is not close enough to answer."""
    asked = _in_full(read_question(question))
    candidates = ranking.rank(asked.words, asked.hints) if asked.words or asked.hints else []
    own = [candidate for candidate in candidates if candidate.language == (language or DEFAULT)]
    return [_passage(candidate) for candidate in (own or candidates)[:_MOST_PASSAGES]]


def _search(question: str, language: str | None, speller: "_Speller") -> list[Passage]:
    asked = _in_full(read_question(question))
    if not asked.words and not asked.hints:
        return []
    candidates = _answering(ranking.rank(asked.words, asked.hints), language)
    # What answers in another language may share no more with the question than the letters of a word.
    is_own = any(candidate.language == (language or DEFAULT) for candidate in candidates)
    if not is_own and (meant := speller.respelled(asked)) != asked:
        candidates = _answering(ranking.rank(meant.words, meant.hints), language) or candidates
    return [_passage(candidate) for candidate in candidates[:_MOST_PASSAGES]]


def topics() -> list[tuple[str, str]]:
    """Return language and title of the first articles of each language: what a greeting names."""
    number = func.row_number().over(partition_by=Article.language, order_by=Article.id).label("number")
    first = select(Article.language, Article.title, number).where(Article.is_active).subquery()
    rows = db.session.execute(
        select(first.c.language, first.c.title).where(first.c.number <= 5).order_by(first.c.number)
    )
    return [(row.language, row.title) for row in rows]


def load_file(path: Path, language: str | None = None, overwrite: bool = False) -> Loaded:
    """Put the articles of a Markdown file in place of those it held before. The caller commits.

    language: else the end of the name tells (`faq.en.md`), else Spanish. overwrite: also what people have
    changed or deleted here since. Raises UnreadableFile.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UnreadableFile(line, "not UTF-8. Save the file as UTF-8 text.") from None
    drafts = read_articles(text, language or language_of_name(path.name))
    # Folder and name, not the whole path: a checkout that moved still replaces its own articles.
    return _replace(f"{path.resolve().parent.name}/{path.name}", drafts, overwrite)


def load_demo() -> int:
    """Load the articles of an invented bicycle workshop; return how many there are. The caller commits."""
    return sum(load_file(path).total for path in sorted(DEMO.glob("*.md")))


def load_demo_once() -> int:
    """Load the demo articles where there are none at all, so that a first try gets real answers."""
    is_empty = db.session.scalar(select(Article.id).limit(1)) is None
    return load_demo() if is_empty else 0


def _answering(candidates: list[Candidate], language: str | None) -> list[Candidate]:
    """Return those that answer, of one language. candidates: the closest first."""
    usual = language or DEFAULT
    own = [each for each in candidates if each.language == usual and _fits(each)]
    # Words of the other language are strange ones here: it takes more of them to be no accident.
    other = [each for each in candidates if each.language != usual and _fits_well(each)]
    is_other_meant = language is None and own and other and other[0].matched > _MUCH * own[0].matched
    return other if is_other_meant else own or other


def _fits(candidate: Candidate) -> bool:
    has_rare_words = (candidate.matched >= enough and candidate.share >= least for enough, least in _RARE)
    return any(has_rare_words) or _fits_well(candidate)


def _fits_well(candidate: Candidate) -> bool:
    return candidate.share >= _SHARE


def _in_full(asked: Question) -> Question:
    """Return the question with clipped words in full, where no article has them clipped."""
    if not has_clipped(asked.words):
        return asked
    return Question(tuple(dict.fromkeys(unclipped(asked.words, ranking.unknown(asked.words)))), asked.hints)


class _Speller:
    """Puts slips of unknown words right; keeps what it has looked up for the sentences to come."""

    def __init__(self) -> None:
        self._is_unknown: dict[str, bool] = {}

    def respelled(self, asked: Question) -> Question:
        new = [word for word in asked.words if word not in self._is_unknown]
        if new:
            unknown = ranking.unknown(new)
            self._is_unknown |= {word: word in unknown for word in new}
        wrong = {word for word in asked.words if self._is_unknown[word]}
        return replace(asked, words=tuple(recognised(asked.words, wrong, self._known))) if wrong else asked

    @cached_property
    def _known(self) -> set[str]:
        return {word for title in ranking.titles_and_keywords() for word in words_of(title)}


def _passage(candidate: Candidate) -> Passage:
    return Passage(
        article_id=candidate.article_id,
        title=candidate.title,
        text=whatsapp_text(candidate.body),
        language=candidate.language,
        score=round(candidate.share, 3),
    )


def language_of_name(name: str) -> str:
    """Return the language that the name of a file tells, as `faq.en.md` does."""
    ending = Path(name).stem.rpartition(".")[2].lower()
    return ending if ending in LANGUAGES else DEFAULT


def _replace(source: str, drafts: list[ArticleDraft], overwrite: bool) -> Loaded:
    """Keep the rows whose title stayed: records of turns name articles by their id."""
    held = select(Article).filter_by(source=source).with_for_update()
    before = {(article.language, article.title): article for article in db.session.scalars(held)}
    added = changed = kept = 0
    for draft in drafts:
        article = before.pop((draft.language, draft.title), None)
        if article is None:
            article = Article(source=source, language=draft.language, title=draft.title)
            db.session.add(article)
            added += 1
        elif article.edited_at is not None and not overwrite:
            kept += article.deleted_at is not None or not _says_the_same(article, draft)
            continue
        elif article.edited_at is not None or not _says_the_same(article, draft):
            article.updated_at = func.clock_timestamp()
            changed += 1
        if article.deleted_at is not None:
            article.deleted_at, article.is_active = None, True
        article.body, article.keywords, article.edited_at = draft.body, draft.keywords, None
    gone = [article for article in before.values() if article.edited_at is None or overwrite]
    for article in gone:
        db.session.delete(article)
    db.session.flush()
    # A mark of what was deleted is nothing to tell of once its file does not hold it either.
    kept += sum(article.deleted_at is None for article in before.values() if article not in gone)
    return Loaded(added=added, changed=changed, removed=len(gone), total=len(drafts), kept=kept)


def _says_the_same(article: Article, draft: ArticleDraft) -> bool:
    return (article.body, article.keywords) == (draft.body, draft.keywords)
