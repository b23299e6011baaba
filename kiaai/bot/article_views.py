"""The articles: what the bot knows. Everybody reads them, admins write them."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required, current_user, login_required
from kiaai.bot import editing, unanswerable
from kiaai.bot.article_list import (
    MOST_SHOWN,
    STATES,
    ArticleFilter,
    answered_lately,
    editor_of,
    find_article,
    list_articles,
    sources,
)
from kiaai.bot.articles import LANGUAGES, LONGEST_BODY, LONGEST_TITLE
from kiaai.bot.blueprint import bp
from kiaai.bot.editing import LONGEST_KEYWORDS, Changed, Written, version_of, written
from kiaai.bot.question_list import draft_from, find_question
from kiaai.bot.whatsapp_text import LONGEST, whatsapp_text
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.models import Article, Question
from kiaai.texts import lazy, lazy_plural
from kiaai.web.fragments import is_fragment
from kiaai.web.saying import said

_LIMITS = {"title": LONGEST_TITLE, "body": LONGEST_BODY, "keywords": LONGEST_KEYWORDS}


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    return redirect(url_for("bot.articles"), 303)


@bp.get("/articles")
@login_required
def articles() -> ResponseReturnValue:
    """Show the articles, or those that are looked for."""
    wanted = _wanted()
    context = {
        "articles": list_articles(wanted),
        "most_shown": MOST_SHOWN,
        "answered": answered_lately(),
        "wanted": wanted,
        "may_write": current_user().is_admin,
    }
    if is_fragment():
        return render_template("bot/_articles.html", **context)
    deleted = find_article(request.args.get("deleted", 0, int))
    is_deleted = deleted is not None and deleted.deleted_at is not None
    return render_template(
        "bot/articles.html", sources=sources(), deleted=deleted if is_deleted else None, **context
    )


@bp.get("/articles/new")
@admin_required
def new_article() -> ResponseReturnValue:
    """Show an empty form, or one filled from a question that nobody could answer."""
    question = find_question(request.args.get("question", 0, int))
    draft = draft_from(question) if question else Written(title=request.args.get("title", "")[:LONGEST_TITLE])
    return _form(draft, question=question)


@bp.post("/articles")
@admin_required
def create_article() -> ResponseReturnValue:
    question = find_question(request.form.get("question", 0, int))
    draft = _sent()
    try:
        article = editing.create_article(draft, current_user().id)
    except ValidationFailed as refused:
        return _refused(draft, refused, question=question)
    if question:
        db.session.flush()
        unanswerable.set_state([question.id], "answered", article.id)
    settled = unanswerable.settle([article]) + (question is not None)
    db.session.commit()
    flash(_saved(settled))
    return redirect(url_for("bot.questions" if question else "bot.articles"), 303)


@bp.get("/articles/<int:article_id>")
@login_required
def article(article_id: int) -> ResponseReturnValue:
    found = _article_or_404(article_id)
    return _form(written(found), article=found)


@bp.post("/articles/<int:article_id>")
@admin_required
def change_article(article_id: int) -> ResponseReturnValue:
    """Keep what was written, unless somebody else has changed the article since: nothing is lost then."""
    draft = _sent()
    try:
        changed = editing.change_article(article_id, draft, request.form.get("seen"), current_user().id)
    except Changed as conflict:
        db.session.rollback()
        return _form(draft, article=db.session.get(Article, article_id), conflict=str(conflict)), 409
    except NotFound as gone:
        reason = lazy("Somebody has deleted this article. Save it to have it again.")
        return _refused(draft, ValidationFailed(str(gone), {"body": [reason]}))
    except ValidationFailed as refused:
        return _refused(draft, refused, article=_article_or_404(article_id))
    settled = unanswerable.settle([changed])
    db.session.commit()
    flash(_saved(settled))
    return redirect(url_for("bot.articles"), 303)


@bp.post("/articles/<int:article_id>/activity")
@admin_required
def set_activity(article_id: int) -> ResponseReturnValue:
    """Let an article answer, or not."""
    switched = editing.set_active(article_id, request.form.get("is_active") == "1")
    unanswerable.settle([switched])
    db.session.commit()
    if is_fragment():
        return render_template(
            "bot/_article.html", article=switched, answered=answered_lately(), may_write=True
        )
    return redirect(url_for("bot.articles"), 303)


@bp.post("/articles/<int:article_id>/deletion")
@admin_required
def delete_article(article_id: int) -> ResponseReturnValue:
    """Put an article away; the list that follows offers to take it back."""
    editing.delete_article(article_id, current_user().id)
    db.session.commit()
    return redirect(url_for("bot.articles", deleted=article_id), 303)


@bp.post("/articles/<int:article_id>/restoration")
@admin_required
def restore_article(article_id: int) -> ResponseReturnValue:
    restored = editing.restore_article(article_id, current_user().id)
    unanswerable.settle([restored])
    db.session.commit()
    flash(said(lazy("“%(title)s” is back", title=restored.title)))
    return redirect(url_for("bot.articles"), 303)


@bp.post("/articles/preview")
@admin_required
def preview_article() -> ResponseReturnValue:
    """Show what a customer would read."""
    return render_template("bot/_preview.html", **preview_of(_sent()))


def preview_of(draft: Written) -> dict[str, object]:
    """Return what the preview of a draft needs."""
    return {"text": whatsapp_text(draft.body[:LONGEST_BODY]), "surplus": draft.surplus, "longest": LONGEST}


def _wanted() -> ArticleFilter:
    asked = request.args
    return ArticleFilter(
        q=asked.get("q", "")[:100],
        language=asked.get("language", "") if asked.get("language") in LANGUAGES else "",
        state=asked.get("state", "") if asked.get("state") in STATES else "",
        source=_source(asked.get("source", "")),
    )


def _source(raw: str) -> str | None:
    """Return the source that the address names: `here` stands for none, nothing for any."""
    return None if not raw else "" if raw == "here" else raw[:2000]


def _sent() -> Written:
    return Written(**{name: request.form.get(name, "") for name in ("title", "body", "keywords", "language")})


def _saved(settled: int) -> str:
    if not settled:
        return said(lazy("Saved"))
    answers = lazy_plural("It answers %(count)s question.", "It answers %(count)s questions.", settled)
    return said(lazy("Saved. %(answers)s", answers=answers))


def _article_or_404(article_id: int) -> Article:
    found = find_article(article_id)
    if found is None or found.deleted_at is not None:
        raise NotFound(lazy("This article does not exist any more."))
    return found


def _refused(
    draft: Written,
    refused: ValidationFailed,
    article: Article | None = None,
    question: Question | None = None,
) -> ResponseReturnValue:
    """Show the form as it was sent, with what is wrong."""
    db.session.rollback()
    return _form(draft, article=article, question=question, errors=refused.fields), 422


def _form(
    draft: Written,
    article: Article | None = None,
    question: Question | None = None,
    errors: dict[str, list[str]] | None = None,
    conflict: str | None = None,
) -> str:
    if article is None and not current_user().is_admin:
        abort(403)
    return render_template(
        "bot/article.html",
        draft=draft,
        article=article,
        seen=version_of(article) if article else None,
        editor=editor_of(article) if article else None,
        question=question,
        errors=errors or {},
        conflict=conflict,
        limits=_LIMITS,
        may_write=current_user().is_admin,
        **preview_of(draft),
    )
