"""The pages of merging: who may be the same person, what would come of it, and the way back."""

from collections.abc import Callable
from typing import TypeVar

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.history import STATUS_NAMES
from kiaai.leads import queries
from kiaai.leads.duplicates import (
    PAIRS,
    REASONS,
    SURENESS_NAMES,
    find_pairs,
    say_different,
    take_back_different,
)
from kiaai.leads.filters import PeopleFilter
from kiaai.leads.merging import merge, undo
from kiaai.leads.merging_preview import preview
from kiaai.leads.parting import Undone
from kiaai.leads.pipeline import Actor
from kiaai.leads.same_person import noted
from kiaai.leads.views import bp, person_or_404, zone
from kiaai.models import Lead, Merge
from kiaai.texts import lazy
from kiaai.transactions import commit
from kiaai.web.saying import said

_ONE = "/<int:lead_id>"
_OTHER = f"{_ONE}/merge/<int:other_id>"
_DIFFERENT = f"{_ONE}/different/<int:other_id>"
_CHOICES = 20
_MERGED = lazy("They are one person now.")
_PARTED = lazy("They are two people again.")
_NOTED = lazy("Noted: they are two people.")
_ASKED_AGAIN = lazy("Taken back: you will be asked about them again.")

T = TypeVar("T")


@bp.get("/duplicates")
@login_required
def duplicates() -> ResponseReturnValue:
    """Show who may be one person, the surest first."""
    pairs = find_pairs()
    context = {"pairs": pairs, "is_cut": len(pairs) == PAIRS, "noted": noted(request.args.get("different"))}
    return render_template("leads/duplicates.html", **context, **_words())


@bp.get(f"{_ONE}/merge")
@login_required
def choose_twin(lead_id: int) -> ResponseReturnValue:
    """Look for the other one."""
    lead, q = person_or_404(lead_id).lead, request.args.get("q", "").strip()
    page = queries.find_page(PeopleFilter.read({"q": q}), zone(), limit=_CHOICES) if q else None
    people = [person.lead for person in page.people if person.lead.id != lead_id] if page else []
    return render_template("leads/merge_choose.html", lead=lead, q=q, people=people)


@bp.get(_OTHER)
@login_required
def ask_to_merge(lead_id: int, other_id: int) -> ResponseReturnValue:
    """Show both side by side, and what would come of it."""
    return _asked(lead_id, other_id)


@bp.post(_OTHER)
@login_required
def merge_people(lead_id: int, other_id: int) -> ResponseReturnValue:
    actor = Actor("user", current_user().id)
    person_or_404(lead_id)
    person_or_404(other_id)
    try:
        _commit(lambda: merge(_lead(lead_id), _lead(other_id), actor))
    except ValidationFailed as error:
        db.session.rollback()
        return _asked(lead_id, other_id, error.message), 422
    flash(said(_MERGED))
    return redirect(url_for("people.person", lead_id=lead_id), 303)


@bp.post(f"{_ONE}/merges/<int:merge_id>/undo")
@login_required
def undo_merge(lead_id: int, merge_id: int) -> ResponseReturnValue:
    actor = Actor("user", current_user().id)
    person_or_404(lead_id)
    try:
        done: Undone = _commit(lambda: undo(_merge_of(lead_id, merge_id), actor))
    except ValidationFailed as error:
        db.session.rollback()
        flash(said(error.message))
    else:
        flash(" ".join(said(words) for words in (_PARTED, *done.left)))
    return redirect(url_for("people.person", lead_id=lead_id), 303)


@bp.post(_DIFFERENT)
@login_required
def say_two(lead_id: int, other_id: int) -> ResponseReturnValue:
    """Note that these are two people."""
    person_or_404(lead_id)
    person_or_404(other_id)
    if lead_id == other_id:
        abort(404)
    say_different(lead_id, other_id, current_user().id)
    db.session.commit()
    flash(said(_NOTED))
    return redirect(_back(lead_id, different=f"{lead_id}-{other_id}"), 303)


@bp.post(f"{_DIFFERENT}/undo")
@login_required
def take_two_back(lead_id: int, other_id: int) -> ResponseReturnValue:
    person_or_404(lead_id)
    person_or_404(other_id)
    take_back_different(lead_id, other_id)
    db.session.commit()
    flash(said(_ASKED_AGAIN))
    return redirect(_back(lead_id), 303)


def _asked(lead_id: int, other_id: int, reason: str | None = None) -> str:
    keep, other = person_or_404(lead_id).lead, person_or_404(other_id).lead
    if keep.id == other.id:
        abort(404)
    found = preview(keep, other)
    context = {"keep": keep, "other": other, "found": found, "reason": reason or found.reason}
    return render_template("leads/merge.html", **context, **_words())


def _words() -> dict[str, object]:
    return {"statuses": STATUS_NAMES, "reasons": REASONS, "sureness_names": SURENESS_NAMES}


def _lead(lead_id: int) -> Lead:
    return db.session.get(Lead, lead_id) or abort(404)


def _merge_of(lead_id: int, merge_id: int) -> Merge:
    row = db.session.get(Merge, merge_id) if merge_id < 2**63 else None
    return row if row is not None and row.lead_id == lead_id else abort(404)


def _back(lead_id: int, different: str | None = None) -> str:
    """Return where the person came from: the list of pairs, or one of the two."""
    if request.form.get("from") == "duplicates":
        return url_for("people.duplicates", different=different)
    return url_for("people.person", lead_id=lead_id, different=different)


def _commit(work: Callable[[], T]) -> T:
    """Run it as one transaction, again when others were in the way."""
    try:
        return commit(work)
    finally:
        # Who is signed in is read anew: the session that they were of has ended.
        g.pop("_login_user", None)
