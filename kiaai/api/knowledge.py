"""`/api/articles` and `/api/questions`: what the bot knows, and what it could not answer."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from kiaai.api import knowledge_schemas as schemas
from kiaai.api.authentication import caller, refuse_member, require_caller
from kiaai.api.routing import Routes
from kiaai.api.shapes import Shape
from kiaai.bot import editing, unanswerable
from kiaai.bot.article_list import ArticleFilter, find_article, matching
from kiaai.bot.editing import Changed, Written, version_of, written
from kiaai.bot.question_list import find_question
from kiaai.bot.whatsapp_text import whatsapp_text
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.models import Article, Question
from kiaai.texts import lazy
from kiaai.web.paging import Cursor, older_than

bp = Routes("Knowledge", __name__, url_prefix="/api", description="What the bot knows")
require_caller(bp)

_READING = ("GET", "HEAD", "OPTIONS")


@bp.before_request
def _refuse_members() -> ResponseReturnValue | None:
    """Let members read; admins and keys change."""
    return None if request.method in _READING else refuse_member()


@bp.route("/articles")
@bp.arguments(schemas.ArticlesQuery, location="query")
@bp.response(200, schemas.ArticlesAnswer)
@bp.errors()
def list_articles(query: dict[str, Any]) -> Shape:
    """List articles, those changed last first."""
    state = {"true": "on", "false": "off"}.get(query["is_active"] or "", "")
    articles = matching(ArticleFilter(query["q"], query["language"], state))
    if before := query["before"]:
        articles = articles.where(older_than(Article.updated_at, Article.id, before))
    newest = articles.order_by(Article.updated_at.desc(), Article.id.desc()).limit(query["limit"] + 1)
    rows = db.session.scalars(newest).all()
    shown = rows[: query["limit"]]
    following = Cursor(shown[-1].updated_at, shown[-1].id) if len(rows) > len(shown) else None
    return {"articles": [_shape(row) for row in shown], "next": str(following) if following else None}


@bp.route("/articles", methods=["POST"])
@bp.arguments(schemas.ArticleBody)
@bp.response(201, schemas.ArticleAnswer)
@bp.errors(403, 413)
def create_article(body: dict[str, Any]) -> Shape:
    """Write an article

    It answers from the next question on. Open questions that it answers become `answered`.
    """
    draft = Written(body["title"], body["body"], body["keywords"] or "", body["language"])
    article = editing.create_article(draft, caller().user_id)
    article.is_active = body["is_active"] is not False
    return _saved(article)


@bp.route("/articles/<int:article_id>")
@bp.response(200, schemas.ArticleAnswer)
@bp.errors(404)
def show_article(article_id: int) -> Shape:
    """Show an article."""
    return {"article": _shape(_article_or_404(article_id))}


@bp.route("/articles/<int:article_id>", methods=["PUT"])
@bp.arguments(schemas.ArticleUpdate)
@bp.response(200, schemas.ArticleAnswer)
@bp.errors(403, 404, 413)
def change_article(body: dict[str, Any], article_id: int) -> Shape:
    """Change an article; what is absent stays."""
    now = written(_article_or_404(article_id))
    names = ("title", "body", "keywords", "language")
    draft = Written(**{name: getattr(now, name) if body[name] is None else body[name] for name in names})
    try:
        article = editing.change_article(article_id, draft, body["version"], caller().user_id)
    except Changed as conflict:
        reason = lazy("Somebody has changed this article since. Read it again.")
        raise ValidationFailed(conflict.message, {"version": [reason]}) from None
    if body["is_active"] is not None:
        article.is_active = body["is_active"]
    return _saved(article)


@bp.route("/articles/<int:article_id>", methods=["DELETE"])
@bp.response(204)
@bp.errors(403, 404)
def delete_article(article_id: int) -> None:
    """Delete an article; in the dashboard it can be restored for 30 days."""
    editing.delete_article(_article_or_404(article_id).id, caller().user_id)
    db.session.commit()


@bp.route("/questions")
@bp.arguments(schemas.QuestionsQuery, location="query")
@bp.response(200, schemas.QuestionsAnswer)
@bp.errors()
def list_questions(query: dict[str, Any]) -> Shape:
    """List the questions that the bot could not answer, those asked last first."""
    questions = select(Question).where(Question.state == query["state"])
    if before := query["before"]:
        questions = questions.where(older_than(Question.last_asked_at, Question.id, before))
    newest = questions.order_by(Question.last_asked_at.desc(), Question.id.desc()).limit(query["limit"] + 1)
    rows = db.session.scalars(newest).all()
    shown = rows[: query["limit"]]
    following = Cursor(shown[-1].last_asked_at, shown[-1].id) if len(rows) > len(shown) else None
    return {
        "questions": [_question_shape(row) for row in shown],
        "next": str(following) if following else None,
    }


@bp.route("/questions/<int:question_id>", methods=["PUT"])
@bp.arguments(schemas.QuestionUpdate)
@bp.response(200, schemas.QuestionAnswer)
@bp.errors(403, 404, 413)
def change_question(body: dict[str, Any], question_id: int) -> Shape:
    """Dismiss a question, mark it answered, or open it again."""
    question = find_question(question_id)
    if question is None:
        raise NotFound(lazy("There is no such question."))
    article_id = body["article_id"]
    if article_id is not None and (body["state"] != "answered" or _find_article(article_id) is None):
        reason = lazy("Must be an article, of a question that is answered.")
        raise ValidationFailed(lazy("Some of what was sent does not fit."), {"article_id": [reason]})
    unanswerable.set_state([question.id], body["state"], article_id)
    db.session.commit()
    return {"question": _question_shape(question)}


def _find_article(article_id: int) -> Article | None:
    found = find_article(article_id)
    return found if found is not None and found.deleted_at is None else None


def _article_or_404(article_id: int) -> Article:
    found = _find_article(article_id)
    if found is None:
        raise NotFound(lazy("This article does not exist any more."))
    return found


def _saved(article: Article) -> Shape:
    unanswerable.settle([article])
    db.session.commit()
    return {"article": _shape(article)}


def _shape(article: Article) -> Shape:
    names = ("id", "title", "body", "keywords", "language", "is_active", "source", "created_at", "updated_at")
    return {
        **{name: getattr(article, name) for name in names},
        "text": whatsapp_text(article.body),
        "version": version_of(article),
    }


def _question_shape(question: Question) -> Shape:
    names = ("id", "text", "language", "times", "state", "article_id", "first_asked_at", "last_asked_at")
    return {name: getattr(question, name) for name in names}
