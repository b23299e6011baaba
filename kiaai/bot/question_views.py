"""The questions that nobody could answer: a list that becomes articles. Everybody reads, admins act."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import admin_required, current_user, login_required
from kiaai.bot.blueprint import bp
from kiaai.bot.question_list import COUNTED, MOST_SHOWN, count_by_state, list_questions
from kiaai.bot.unanswerable import STATES, set_state
from kiaai.extensions import db
from kiaai.texts import lazy
from kiaai.web.saying import said

_MOST_AT_ONCE = 500


@bp.get("/questions")
@login_required
def questions() -> ResponseReturnValue:
    """Show the questions in one state, and how to take back what was just put aside."""
    state = _state(request.args.get("state", ""))
    return render_template(
        "bot/questions.html",
        state=state,
        asked=list_questions(state),
        counts=count_by_state(),
        counted=COUNTED,
        most_shown=MOST_SHOWN,
        dismissed=_ids(request.args.getlist("dismissed")),
        may_write=current_user().is_admin,
    )


@bp.post("/questions/state")
@admin_required
def set_questions_state() -> ResponseReturnValue:
    """Dismiss questions, or open them again; one, those alike, or many at once."""
    ids = _ids(request.form.getlist("ids"))
    state, tab = _state(request.form.get("state", "")), _state(request.form.get("tab", ""))
    changed = set_state(ids, state) if ids else 0
    db.session.commit()
    if not changed:
        flash(said(lazy("Choose questions first.")))
    elif state == "dismissed":
        return redirect(url_for("bot.questions", state=tab, dismissed=",".join(map(str, ids))), 303)
    return redirect(url_for("bot.questions", state=tab), 303)


def _state(raw: str) -> str:
    return raw if raw in STATES else "open"


def _ids(raw: list[str]) -> list[int]:
    """Return the ids of a form or an address: those alike come as one, with commas between."""
    numbers = [int(part) for group in raw for part in group.split(",") if part.isascii() and part.isdigit()]
    return sorted({number for number in numbers[:_MOST_AT_ONCE] if number < 2**63})
