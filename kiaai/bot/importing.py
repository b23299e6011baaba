"""Articles that are brought in: compared with what is known, looked at by a person, then saved. No commit."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select

from kiaai.bot.articles import ArticleDraft
from kiaai.bot.editing import Written, checked, delete_article, version_of, written
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.models import Article
from kiaai.texts import lazy

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Draft:
    """An article that may be saved. source: its file or page. seen: the version that it would change.

    is_taken: whether a person chose it. outcome: `new`, `changed`, `edited` (changed by people here since) or
    `deleted` (put away here). now: as it is known.
    """

    source: str
    written: Written
    outcome: str = "new"
    seen: str = ""
    is_taken: bool = True
    now: Written | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What saving would do. gone: what is known of these sources, and they hold no more."""

    drafts: list[Draft]
    unchanged: int
    gone: list[Article]


def plan(found: Iterable[tuple[str, ArticleDraft]], sources: Sequence[str]) -> Plan:
    """Compare what was read with what is known of the same files and pages."""
    known = _known(sources)
    drafts, unchanged = [], 0
    for source, one in found:
        draft = Draft(source, Written(one.title, one.body, one.keywords, one.language))
        article = known.pop((source, one.language, one.title), None)
        if article is not None and article.deleted_at is None and written(article) == draft.written:
            unchanged += 1
        else:
            drafts.append(_compared(draft, article))
    gone = [article for article in known.values() if article.deleted_at is None]
    return Plan(drafts, unchanged, gone)


def save(drafts: Sequence[Draft], gone: Sequence[int], user_id: int) -> list[Article]:
    """Save the drafts that were taken, and put away the articles whose ids are in gone; all or nothing.

    Raises NotSaved with the drafts as they stand now.
    """
    taken = [draft for draft in drafts if draft.is_taken]
    known = _known({draft.source for draft in taken})
    saved: dict[Key, Article] = {}
    judged = {id(draft): _judged(draft, known, saved, user_id) for draft in taken}
    if any(draft.errors for draft in judged.values()):
        raise NotSaved([judged.get(id(draft), draft) for draft in drafts])
    _put_away(gone, user_id)
    db.session.flush()
    return list(saved.values())


class NotSaved(ValidationFailed):
    """Some of the drafts do not fit; nothing was saved. drafts: with their errors."""

    def __init__(self, drafts: list[Draft]):
        super().__init__(lazy("Nothing was saved yet: some of it does not fit. See below."))
        self.drafts = drafts


def _known(sources: Iterable[str]) -> dict[Key, Article]:
    held = select(Article).where(Article.source.in_(set(sources)), Article.source != "")
    rows = db.session.scalars(held.order_by(Article.id).with_for_update())
    return {(article.source, article.language, article.title): article for article in rows}


def _compared(draft: Draft, article: Article | None) -> Draft:
    if article is None:
        return draft
    outcome = "deleted" if article.deleted_at else "edited" if article.edited_at else "changed"
    # What people did here is theirs to undo: such a one is not chosen by itself.
    return replace(
        draft,
        outcome=outcome,
        seen=version_of(article),
        is_taken=outcome == "changed",
        now=written(article) if outcome != "deleted" else None,
    )


def _judged(draft: Draft, known: dict[Key, Article], saved: dict[Key, Article], user_id: int) -> Draft:
    """Write the draft into its article and return it, with what is wrong where it does not fit."""
    try:
        text = checked(draft.written)
    except ValidationFailed as refused:
        return replace(draft, errors=refused.fields)
    key = (draft.source, text.language, text.title)
    if key in saved:
        return replace(draft, errors={"title": [lazy("Another one above has this title.")]})
    article = known.get(key)
    if article is not None and version_of(article) != draft.seen:
        fresh = _compared(draft, article)
        reason = lazy("Somebody has changed this article meanwhile. Save again to write over it.")
        return replace(fresh, is_taken=True, errors={"body": [reason]})
    saved[key] = _written(article or Article(source=draft.source), text, user_id)
    return draft


def _written(article: Article, text: Written, user_id: int) -> Article:
    if article.id is None or article.deleted_at is not None:
        article.is_active = True
    article.title, article.body = text.title, text.body
    article.keywords, article.language = text.keywords, text.language
    article.user_id, article.edited_at, article.deleted_at = user_id, None, None
    article.updated_at = func.clock_timestamp()
    db.session.add(article)
    return article


def _put_away(ids: Sequence[int], user_id: int) -> None:
    for article_id in sorted(set(ids)):
        # Somebody else may have done so meanwhile.
        with suppress(NotFound):
            delete_article(article_id, user_id)
