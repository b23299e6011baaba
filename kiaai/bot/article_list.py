"""What the list of articles shows: those that are looked for, and how often each has answered."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute

from kiaai.extensions import db
from kiaai.models import Article, User
from kiaai.models.folding import ACCENTED, BARE, folded
from kiaai.whatsapp.cleaning import clean_text

MOST_SHOWN = 300
STATES = ("", "on", "off", "deleted")
# A figure for the eye: over more turns than this it would cost more than it tells.
_ANSWERED = text("""
    SELECT CAST(passages #>> '{found,0,article_id}' AS bigint) AS article_id, count(*) AS times
    FROM (SELECT passages, decision, started_at FROM bot_turns ORDER BY id DESC LIMIT 10000) AS lately
    WHERE decision = 'answer' AND started_at > clock_timestamp() - interval '30 days'
        AND passages #>> '{found,0,article_id}' IS NOT NULL
    GROUP BY 1""")


@dataclass(frozen=True)
class ArticleFilter:
    """Which articles. state: `on`, `off` or `deleted`; empty for all that are not deleted.

    source: None for any; empty for those that were written here.
    """

    q: str = ""
    language: str = ""
    state: str = ""
    source: str | None = None

    @property
    def is_any(self) -> bool:
        return bool(self.q or self.language or self.state or self.source is not None)


def matching(wanted: ArticleFilter) -> Select[Article]:
    """Return the query for these articles, in no order."""
    articles = select(Article).where(*_state(wanted.state))
    if wanted.language:
        articles = articles.where(Article.language == wanted.language)
    if wanted.source is not None:
        articles = articles.where(Article.source == wanted.source)
    for word in folded(clean_text(wanted.q)).split():
        columns = (_plain(column) for column in (Article.title, Article.keywords, Article.body))
        articles = articles.where(or_(*(column.contains(word, autoescape=True) for column in columns)))
    return articles


def list_articles(wanted: ArticleFilter) -> list[Article]:
    """Return the first of these articles, by title."""
    by_title = matching(wanted).order_by(_plain(Article.title), Article.id)
    return list(db.session.scalars(by_title.limit(MOST_SHOWN)))


def sources() -> list[str]:
    """Return where articles came from; files and pages, without what was written here."""
    known = select(Article.source).where(Article.source != "", Article.deleted_at.is_(None))
    return list(db.session.scalars(known.distinct().order_by(Article.source)))


def answered_lately() -> Mapping[int, int]:
    """Return how often each article answered in 30 days, of the newest 10,000 turns."""
    return {row.article_id: row.times for row in db.session.execute(_ANSWERED)}


def find_article(article_id: int) -> Article | None:
    """Return the article, also one that was deleted."""
    return db.session.get(Article, article_id) if article_id < 2**63 else None


def editor_of(article: Article) -> str | None:
    """Return the name of whoever changed the article last."""
    user = db.session.get(User, article.user_id) if article.user_id else None
    return (user.name or user.email) if user else None


def _state(state: str) -> tuple[ColumnElement[bool], ...]:
    if state == "deleted":
        # The mark of a former title holds nothing to restore.
        return (Article.deleted_at.is_not(None), Article.body != "")
    is_there = Article.deleted_at.is_(None)
    return (is_there, Article.is_active.is_(state == "on")) if state in ("on", "off") else (is_there,)


def _plain(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    return func.lower(func.translate(column, ACCENTED, BARE))
