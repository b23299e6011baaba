"""The dialog that starts a conversation: the number is checked as it is typed."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from kiaai import clock
from kiaai.accounts.access import current_user, login_required
from kiaai.delivery.channels import own_channel
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import views
from kiaai.inbox.bulk_views import CHANGED
from kiaai.inbox.new_conversation import look_up, start
from kiaai.inbox.views import bp
from kiaai.web.fragments import is_fragment


@bp.get("/inbox/new-conversation")
@login_required
def check_number() -> ResponseReturnValue:
    """Tell whose number is being typed; a number that is not complete yet is no mistake."""
    typed = request.args.get("number", "").strip()
    try:
        prospect = look_up(typed, own_channel(), clock.now())
    except ValidationFailed:
        return render_template("inbox/_new_conversation_state.html", typed=typed, prospect=None)
    country = _country(prospect.region)
    return render_template("inbox/_new_conversation_state.html", prospect=prospect, country=country)


@bp.post("/inbox/conversations")
@login_required
def start_conversation() -> ResponseReturnValue:
    """Open the conversation with a number; asking twice opens the same one."""
    form = request.form
    try:
        started = start(form.get("number", ""), form.get("name", ""), own_channel(), current_user().id)
    except ValidationFailed as error:
        db.session.rollback()
        refused = [reason for reasons in error.fields.values() for reason in reasons]
        return render_template("inbox/_new_conversation_state.html", refused=refused), 422
    db.session.commit()
    if not is_fragment():
        return redirect(url_for("inbox.conversation", conversation_id=started.id), 303)
    response = make_response(views.conversation(started.id))
    response.headers["HX-Push-Url"] = url_for("inbox.conversation", conversation_id=started.id)
    response.headers["HX-Trigger"] = CHANGED
    return response


def _country(region: str | None) -> str | None:
    locale = get_locale()
    return locale.territories.get(region) if locale and region else None
