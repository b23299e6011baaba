"""Articles as people write them: checked, changed one person at a time, put away and restored. No commit."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from kiaai.bot.articles import LANGUAGES, LONGEST_BODY, LONGEST_TITLE
from kiaai.bot.whatsapp_text import LONGEST, whatsapp_text
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.models import Article
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text, one_line

LONGEST_KEYWORDS = 1000
# No answer is cut that stays below this.
_UNCUT = LONGEST_BODY * 10


@dataclass(frozen=True)
class Written:
    """An article as it was written, right or wrong."""

    title: str = ""
    body: str = ""
    keywords: str = ""
    language: str = "es"

    @property
    def surplus(self) -> int:
        """How many characters of the answer the customer would not get: one answer is one bubble."""
        return max(0, len(whatsapp_text(self.body[:LONGEST_BODY], _UNCUT)) - LONGEST)


class Changed(ValidationFailed):
    """Somebody else has changed the article since it was read. article: as it is now."""

    def __init__(self, article: Article):
        super().__init__(lazy("Somebody has changed this article while you were writing."))
        self.article = article


def written(article: Article) -> Written:
    return Written(article.title, article.body, article.keywords, article.language)


def version_of(article: Article) -> str:
    """Return what tells this state of the article from all others."""
    return article.updated_at.isoformat()


def create_article(draft: Written, user_id: int | None = None, source: str = "") -> Article:
    """Add an article. Raises ValidationFailed naming `title`, `body`, `keywords` or `language`."""
    draft = checked(draft)
    _make_room(source, draft)
    article = Article(source=source, is_active=True)
    # What a file holds is changed with the file; what was written here, by people alone.
    _write(article, draft, user_id)
    if source:
        article.edited_at = None
    return article


def change_article(article_id: int, draft: Written, seen: str | None, user_id: int | None = None) -> Article:
    """Change an article. seen: the version that was read, None to write over any.

    Raises NotFound, Changed, and ValidationFailed as `create_article` does.
    """
    article = locked(article_id)
    draft = checked(draft)
    if draft == written(article):
        return article
    if seen is not None and seen != version_of(article):
        raise Changed(article)
    former = written(article)
    is_renamed = (draft.title, draft.language) != (former.title, former.language)
    if is_renamed:
        _make_room(article.source, draft, but=article.id)
    _write(article, draft, user_id)
    if is_renamed and article.source:
        _leave_mark(article.source, former)
    return article


def set_active(article_id: int, is_active: bool) -> Article:
    """Let an article answer, or not. Raises NotFound."""
    article = locked(article_id)
    article.is_active = is_active
    return article


def delete_article(article_id: int, user_id: int | None = None) -> Article:
    """Put an article away: it answers nothing, and no file brings it back. Raises NotFound."""
    article = locked(article_id)
    article.is_active, article.user_id = False, user_id
    article.deleted_at = article.edited_at = article.updated_at = _now()
    return article


def restore_article(article_id: int, user_id: int | None = None) -> Article:
    """Take a deleted article back. Raises NotFound when it is there, or gone for good."""
    article = db.session.get(Article, article_id, with_for_update=True, populate_existing=True)
    if article is None or article.deleted_at is None:
        raise NotFound(lazy("There is nothing to restore."))
    article.is_active, article.deleted_at, article.user_id = True, None, user_id
    article.updated_at = _now()
    return article


def locked(article_id: int) -> Article:
    """Return the article, locked. Raises NotFound, also when it was deleted."""
    article = db.session.get(Article, article_id, with_for_update=True, populate_existing=True)
    if article is None or article.deleted_at is not None:
        raise NotFound(lazy("This article does not exist any more."))
    return article


def checked(draft: Written) -> Written:
    """Return the draft made tidy. Raises ValidationFailed naming what does not fit."""
    draft = replace(
        draft,
        title=one_line(clean_text(draft.title), LONGEST_TITLE + 1),
        body=clean_text(draft.body).replace("\r\n", "\n").strip(),
        keywords=tidy_keywords(draft.keywords),
    )
    errors: dict[str, list[str]] = {}
    if not draft.title:
        errors["title"] = [lazy("Write what this article is about.")]
    for name, text, limit in (
        ("title", draft.title, LONGEST_TITLE),
        ("body", draft.body, LONGEST_BODY),
        ("keywords", draft.keywords, LONGEST_KEYWORDS),
    ):
        if len(text) > limit:
            errors[name] = [lazy("At most %(limit)s characters.", limit=limit)]
    if "body" not in errors and not whatsapp_text(draft.body):
        errors["body"] = [lazy("Write what the customer will read.")]
    if draft.language not in LANGUAGES:
        errors["language"] = [lazy("Choose Spanish or English.")]
    if errors:
        raise _refused(errors)
    return draft


def tidy_keywords(raw: str) -> str:
    """Return the keywords in one line, each once, with a comma and a space between."""
    words = (" ".join(word.split()) for word in clean_text(raw).replace("\n", ",").split(","))
    return ", ".join(dict.fromkeys(filter(None, words)))


def _write(article: Article, draft: Written, user_id: int | None) -> None:
    try:
        with db.session.begin_nested():
            article.title, article.body = draft.title, draft.body
            article.keywords, article.language = draft.keywords, draft.language
            article.user_id, article.updated_at = user_id, _now()
            article.edited_at = article.updated_at
            db.session.add(article)
    except IntegrityError:
        raise _title_is_taken() from None


def _make_room(source: str, draft: Written, but: int = 0) -> None:
    """Forget for good what was deleted under this title; one that is still there keeps it."""
    named = (
        Article.source == source,
        Article.language == draft.language,
        Article.title == draft.title,
        Article.id != but,
    )
    db.session.execute(delete(Article).where(*named, Article.deleted_at.is_not(None)))
    if db.session.scalar(select(Article.id).where(*named)):
        raise _title_is_taken()


def _leave_mark(source: str, former: Written) -> None:
    """Keep the former title as one that was deleted: else loading the file again would bring it back."""
    at = _now()
    db.session.add(
        Article(
            source=source,
            title=former.title,
            language=former.language,
            is_active=False,
            edited_at=at,
            deleted_at=at,
        )
    )
    db.session.flush()


def _now() -> datetime:
    at: datetime = db.session.scalars(select(func.clock_timestamp())).one()
    return at


def _title_is_taken() -> ValidationFailed:
    return _refused({"title": [lazy("Another article has this title. Give this one another.")]})


def _refused(errors: dict[str, list[str]]) -> ValidationFailed:
    return ValidationFailed(lazy("Some of what was sent does not fit."), errors)
