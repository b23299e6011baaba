"""What a person agreed to, on their page: the list, and the two buttons that add to it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.answer_views import reasons_of
from kiaai.leads import person_views
from kiaai.leads.consents import agree, facts_of, lock_for_consent, refuse
from kiaai.leads.pipeline import Actor
from kiaai.leads.views import bp, person_or_404
from kiaai.texts import lazy
from kiaai.web.fragments import is_fragment

_NEWS = {
    "opt_in": lazy("Noted: they agreed to messages."),
    "opt_out": lazy("Noted: no more messages to them."),
}
_OLD_NEWS = lazy("Noted. Nothing has changed by it.")


@bp.post("/<int:lead_id>/consents")
@login_required
def keep_consent(lead_id: int) -> ResponseReturnValue:
    """Keep what the person said to somebody of the team, just now."""
    lead = lock_for_consent(person_or_404(lead_id).lead.id)
    kind = "opt_in" if request.form.get("kind") == "opt_in" else "opt_out"
    keep = agree if kind == "opt_in" else refuse
    by, note = Actor("user", current_user().id), request.form.get("note", "")
    try:
        is_news = keep(lead, clock.now(), by=by, note=note)
    except ValidationFailed as error:
        db.session.rollback()
        return reasons_of(error), 422
    db.session.commit()
    if not is_fragment():
        return redirect(url_for("people.person", lead_id=lead_id), 303)
    context = person_views.panel_of(person_or_404(lead_id)) | {"facts": facts_of(lead_id)}
    words = _NEWS[kind] if is_news else _OLD_NEWS
    return render_template("leads/_consents_changed.html", **context, words=words, undo=None)
