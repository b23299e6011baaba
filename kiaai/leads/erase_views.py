"""Forgetting a person: the page that asks, and the list of those who were forgotten. For admins."""

from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from kiaai.accounts.access import admin_required, current_user
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.erasing import count
from kiaai.leads.forgetting import forget
from kiaai.leads.pipeline import Actor
from kiaai.leads.views import bp, person_or_404
from kiaai.models import ApiKey, Erasure, Lead, User
from kiaai.texts import Text, lazy
from kiaai.whatsapp.phone_numbers import digits_of

_SHOWN = 100
_NOT_THE_SAME = lazy("That is not what is written above. Nothing was erased.")
_NAMES = {
    "messages": lazy("Messages"),
    "files": lazy("Files"),
    "notes": lazy("Notes in the thread"),
    "drafts": lazy("Drafts"),
    "history": lazy("Lines of the history"),
    "consents": lazy("Facts about consent"),
    "bot_turns": lazy("Turns of the bot"),
    "bodies": lazy("Bodies of webhooks"),
    "import_rows": lazy("Lines of imports"),
}


@bp.get("/<int:lead_id>/erasure")
@admin_required
def ask_to_erase(lead_id: int) -> ResponseReturnValue:
    """Tell what goes and what stays, and ask for the number."""
    return render_template("leads/erase.html", **_asked(person_or_404(lead_id).lead))


@bp.post("/<int:lead_id>/erasure")
@admin_required
def erase_person(lead_id: int) -> ResponseReturnValue:
    """Forget the person, when what was typed is theirs."""
    lead = person_or_404(lead_id).lead
    if not _is_confirmed(lead, request.form.get("confirm", "")):
        return render_template("leads/erase.html", **_asked(lead), reason=_NOT_THE_SAME), 422
    secret_key = current_app.extensions["settings"].secret_key
    try:
        done = forget(lead_id, Actor("user", current_user().id), secret_key)
    except ValidationFailed as error:
        db.session.rollback()
        context = _asked(person_or_404(lead_id).lead)
        return render_template("leads/erase.html", **context, reason=error.message), 422
    return redirect(url_for("people.erasures", done=done.id), 303)


@bp.get("/erasures")
@admin_required
def erasures() -> ResponseReturnValue:
    """List when somebody was forgotten, by whom, and how much that was; nobody knows who it was."""
    found = (
        select(Erasure, User, ApiKey)
        .outerjoin(User, User.id == Erasure.user_id)
        .outerjoin(ApiKey, ApiKey.id == Erasure.api_key_id)
    )
    rows = db.session.execute(found.order_by(Erasure.id.desc()).limit(_SHOWN)).all()
    listed = [{"erasure": e, "who": _who(e, user, key), "counts": _named(e.counts)} for e, user, key in rows]
    done_id = request.args.get("done", type=int)
    is_done = any(erasure.id == done_id for erasure, _, _ in rows)
    return render_template("leads/erasures.html", rows=listed, is_done=is_done)


def _asked(lead: Lead) -> dict[str, Any]:
    return {"lead": lead, "phrase": _phrase(lead), "counts": _named(count(lead))}


def _phrase(lead: Lead) -> str:
    """Return what is to be typed: the number, else the name, else our id of them."""
    return lead.phone_number or lead.customer_name or str(lead.id)


def _is_confirmed(lead: Lead, typed: str) -> bool:
    if lead.phone_number:
        return (digits_of(typed) or "").removeprefix("00") == lead.phone_number
    # A page shows several spaces as one.
    return typed.split() == _phrase(lead).split()


def _named(counts: dict[str, int]) -> list[tuple[Text, int]]:
    return [(name, counts[key]) for key, name in _NAMES.items() if counts.get(key)]


def _who(erasure: Erasure, user: User | None, key: ApiKey | None) -> str:
    if user is not None:
        return user.display_name
    if erasure.by == "api":
        return lazy("A program: %(name)s", name=key.name) if key else lazy("A program")
    return lazy("Somebody who left") if erasure.by == "user" else lazy("On the command line")
