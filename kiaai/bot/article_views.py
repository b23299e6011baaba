"""The articles: what the bot knows. Everybody reads them, admins write them."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import login_required
from kiaai.bot.blueprint import bp


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    return redirect(url_for("bot.articles"), 303)


@bp.get("/articles")
@login_required
def articles() -> ResponseReturnValue:
    return render_template("bot/articles.html")
