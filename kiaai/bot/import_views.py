"""Bring articles in, for admins: hand files in or name a web page, look at what came of it, save it."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from kiaai.accounts.access import admin_required, current_user, is_signed_in
from kiaai.bot import unanswerable
from kiaai.bot.article_list import sources
from kiaai.bot.articles import LONGEST_TITLE
from kiaai.bot.blueprint import bp
from kiaai.bot.editing import Written
from kiaai.bot.import_files import MOST_ARTICLES, File, Read, read_files
from kiaai.bot.importing import Draft, NotSaved, Plan, plan, save
from kiaai.bot.page_text import decoded, read_page, read_plain
from kiaai.bot.web_page import PageRefused, fetch_page, tidy_address
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.texts import Text, lazy, lazy_plural
from kiaai.web.saying import said

# A page of drafts sends all that was read back, a few fields for each.
_MOST_BYTES = 8 * 1024 * 1024
_FIELDS = ("source", "title", "body", "keywords", "language", "seen", "outcome")
_OUTCOMES = ("new", "changed", "edited", "deleted")


@bp.url_value_preprocessor
def allow_drafts(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let a form of drafts be as large as it may be; before the token is looked for, which reads the form."""
    if endpoint in ("bot.save_import", "bot.import_files"):
        request.max_content_length = request.max_form_memory_size = _MOST_BYTES
        request.max_form_parts = 10 * MOST_ARTICLES


@bp.errorhandler(RequestEntityTooLarge)
def refuse_large_form(error: RequestEntityTooLarge) -> ResponseReturnValue:
    if not (is_signed_in() and current_user().is_admin):
        return error
    return _start({"files": [lazy("At most 8 MB at once. Import it in parts.")]}), 413


@bp.get("/articles/import")
@admin_required
def import_articles() -> ResponseReturnValue:
    return _start({})


@bp.post("/articles/import/files")
@admin_required
def import_files() -> ResponseReturnValue:
    """Show what the files hold; nothing is saved yet."""
    sent = [file for file in request.files.getlist("files") if file.filename]
    if not sent:
        return _start({"files": [lazy("Choose a file first.")]}), 422
    read = read_files(File(file.filename or "", file.read()) for file in sent)
    return _drafts(plan(read.drafts, read.sources), read)


@bp.post("/articles/import/page")
@admin_required
def import_page() -> ResponseReturnValue:
    """Fetch a page and show what it holds; nothing is saved yet."""
    settings: Settings = current_app.extensions["settings"]
    url = request.form.get("url", "")
    # The page may take seconds: nothing stays open meanwhile.
    db.session.commit()
    try:
        address = tidy_address(url)
        page = fetch_page(address, settings.webhooks_allow_private)
    except PageRefused as refused:
        return _start({"url": [refused.reason]}, url), 422
    text = decoded(page.content, page.charset)
    found = read_page(text, page.url) if page.is_html else read_plain(text, page.url)
    if not found:
        reason = lazy(
            "There is no text on this page: a program in the browser draws it. Copy it into a new article."
        )
        return _start({"url": [reason]}, url), 422
    read = Read(drafts=[(address, draft) for draft in found], sources=[address])
    return _drafts(plan(read.drafts, read.sources), read)


@bp.post("/articles/import")
@admin_required
def save_import() -> ResponseReturnValue:
    """Save the drafts that were chosen, as they were changed in the form."""
    drafts = _sent()
    try:
        saved = save(drafts, request.form.getlist("gone", int), current_user().id)
    except NotSaved as refused:
        db.session.rollback()
        return _drafts(Plan(refused.drafts, 0, []), Read(), refused.message), 422
    settled = unanswerable.settle(saved)
    db.session.commit()
    flash(_told(len(saved), settled))
    return redirect(url_for("bot.articles"), 303)


def _told(saved: int, settled: int) -> str:
    words = lazy_plural("1 article was saved.", "%(count)s articles were saved.", saved)
    if not settled:
        return said(words)
    answers = lazy_plural("They answer %(count)s question.", "They answer %(count)s questions.", settled)
    return f"{said(words)} {said(answers)}"


def _sent() -> list[Draft]:
    count = min(request.form.get("drafts", 0, int), MOST_ARTICLES)
    return [_draft(number) for number in range(count) if f"title-{number}" in request.form]


def _draft(number: int) -> Draft:
    got = {name: request.form.get(f"{name}-{number}", "") for name in _FIELDS}
    return Draft(
        source=got["source"][: LONGEST_TITLE * 10],
        written=Written(got["title"], got["body"].replace("\r\n", "\n"), got["keywords"], got["language"]),
        outcome=got["outcome"] if got["outcome"] in _OUTCOMES else "new",
        seen=got["seen"],
        is_taken=f"take-{number}" in request.form,
    )


def _start(errors: dict[str, list[Text]], url: str = "") -> str:
    pages = [source for source in sources() if source.startswith(("http://", "https://"))]
    return render_template("bot/import.html", errors=errors, url=url, pages=pages)


def _drafts(planned: Plan, read: Read, error: str | None = None) -> str:
    return render_template("bot/drafts.html", plan=planned, refused=read.refused, error=error)
