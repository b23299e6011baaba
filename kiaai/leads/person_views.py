"""The page of one person: who they are, all that was changed, and the way to their conversation."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import history, timeline
from kiaai.inbox.answer_views import UNDOING, Undo, reasons_of, refused, require_unchanged
from kiaai.inbox.lead_views import SAID, apply_fields, values_of
from kiaai.inbox.notes import NotesChanged, sign_of
from kiaai.inbox.origins import origin_of
from kiaai.leads.consents import facts_of
from kiaai.leads.duplicates import REASONS, SURENESS_NAMES
from kiaai.leads.pipeline import Actor, lock_lead
from kiaai.leads.queries import Person
from kiaai.leads.same_person import same_person
from kiaai.leads.views import bp, person_or_404
from kiaai.models import Lead
from kiaai.models.lead import LEAD_STATUSES

_ONE = "/<int:lead_id>"


@bp.get(_ONE)
@login_required
def person(lead_id: int) -> ResponseReturnValue:
    """Show one person, also one with whom nobody ever talked."""
    context = panel_of(person_or_404(lead_id))
    context |= {"same": same_person(context["lead"], request.args.get("different", ""))}
    context |= {"reasons": REASONS, "sureness_names": SURENESS_NAMES}
    return render_template(
        "leads/person.html", **context, facts=facts_of(lead_id), is_admin=current_user().is_admin
    )


@bp.patch(_ONE)
@login_required
def change_person(lead_id: int) -> ResponseReturnValue:
    """Change what was sent of the person."""
    lead = person_or_404(lead_id).lead
    # Before anything is read: what was there is what an undo brings back.
    lock_lead(lead)
    before = values_of(lead)
    try:
        require_unchanged(before)
        apply_fields(lead, Actor("user", current_user().id))
    except NotesChanged as changed:
        db.session.rollback()
        context = {
            "changed": changed,
            "notes_sign": sign_of(changed.notes),
            "lead_address": _address(lead_id),
        }
        return render_template("inbox/_notes_conflict.html", **context), 422
    except ValidationFailed as error:
        if UNDOING in request.form:
            return refused(error)
        db.session.rollback()
        return reasons_of(error), 422
    return _answer(lead, before)


@bp.get(f"{_ONE}/timeline")
@login_required
def older_lines(lead_id: int) -> ResponseReturnValue:
    """Answer the next lines of the history, in place of the line that asked for them."""
    found = person_or_404(lead_id)
    before = request.args.get("before", type=int)
    return render_template("inbox/_lead_timeline.html", **_history(found.lead.id, before))


def _answer(lead: Lead, before: dict[str, str]) -> ResponseReturnValue:
    """Save, and draw the person anew, with a way back."""
    after = values_of(lead)
    names = [name for name, value in after.items() if value != before[name]]
    words = SAID[names[0]](lead) if names and UNDOING not in request.form else None
    fields = {name: before[name] for name in names} | {f"{name}_was": after[name] for name in names}
    undo = Undo("patch", _address(lead.id), fields) if words else None
    db.session.commit()
    context = {"words": words, "undo": undo, "undoing": UNDOING}
    return render_template("leads/_person_changed.html", **panel_of(person_or_404(lead.id)), **context)


def panel_of(found: Person) -> dict[str, Any]:
    """Return what the page of a person draws; `inbox/_lead.html` is part of it."""
    lead = found.lead
    return {
        "lead": lead,
        "conversation": found.conversation,
        "owner": found.owner,
        "lead_address": _address(lead.id),
        "bot_state": "off_everywhere",
        "statuses": {status: history.STATUS_NAMES[status] for status in LEAD_STATUSES},
        "notes_sign": sign_of(lead.notes),
        "origin": origin_of(lead.source),
        "lead_tag_colours": timeline.known_tags() if lead.tags else {},
        **_history(lead.id),
    }


def _history(lead_id: int, before: int | None = None) -> dict[str, Any]:
    page = timeline.page(lead_id, before)
    older = url_for("people.older_lines", lead_id=lead_id, before=page.next) if page.next else None
    lines = history.lines(page.events, current_user().id)
    return {"lines": lines, "next": page.next, "older_address": older}


def _address(lead_id: int) -> str:
    return url_for("people.change_person", lead_id=lead_id)
