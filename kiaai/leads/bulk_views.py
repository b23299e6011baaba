"""What people do with one or several of those in the table or on the board, with a way back."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.history import STATUS_NAMES
from kiaai.leads import bulk, queries
from kiaai.leads.bulk import Change
from kiaai.leads.pipeline import Actor
from kiaai.leads.views import asked_people, bp, panel, person_or_404
from kiaai.models import Lead, User
from kiaai.texts import Text, lazy, lazy_plural
from kiaai.web.saying import said

# What each person had before, as an undo sends it back: `<id>:<value>`, by commas.
_FORMER = "former"


@dataclass(frozen=True)
class _Done:
    """What was done, in words. undo: the fields of the request that takes it back, where there is a way."""

    words: Text
    undo: Sequence[tuple[str, str]] = ()


@bp.post("/changes")
@login_required
def change_people() -> ResponseReturnValue:
    """Do one thing to all the people of `ids`, or tell why it was done to none."""
    actions = {"status": _change_status, "tag": _change_tags, "assign": _assign}
    action = actions.get(request.form.get("action", ""))
    try:
        if action is None:
            raise ValidationFailed("Unknown.", {"action": ["Must be one of: status, tag, assign."]})
        told = action(Actor("user", current_user().id))
    except ValidationFailed as error:
        db.session.rollback()
        reasons = " ".join(said(reason) for reasons in error.fields.values() for reason in reasons)
        return render_template("inbox/_toast.html", text=reasons), 422
    db.session.commit()
    return render_template("leads/_changed.html", **panel(asked_people()), told=told)


@bp.get("/tags")
@login_required
def tag_menu() -> ResponseReturnValue:
    """Answer the tags to choose from, and who of the selected has which."""
    tags = queries.offered_tags(_ids(request.args.getlist("ids"))) if request.args.get("ids") else []
    return render_template("leads/_tag_menu.html", tags=tags)


@bp.get("/<int:lead_id>/moves")
@login_required
def move_menu(lead_id: int) -> ResponseReturnValue:
    """Answer the other columns, to move a card there."""
    lead = person_or_404(lead_id).lead
    statuses = {name: label for name, label in STATUS_NAMES.items() if lead.lead_status != name}
    return render_template("leads/_move_menu.html", lead=lead, statuses=statuses)


def _change_status(actor: Actor) -> _Done:
    status = request.form.get("lead_status", "")
    if former := _former():
        return _undone(bulk.undo_status(former, status, actor))
    ids = _sent_ids()
    change = bulk.set_status(ids, status, actor)
    undo = _undo_of(change, ("action", "status"), ("lead_status", status))
    if len(ids) == 1:
        name = db.session.get_one(Lead, ids[0]).display_name
        return _Done(lazy("%(name)s: %(status)s", name=name, status=STATUS_NAMES[status]), undo)
    words = lazy_plural(
        "%(count)s person moved to %(status)s.",
        "%(count)s people moved to %(status)s.",
        len(change.former),
        status=STATUS_NAMES[status],
    )
    return _Done(words, undo)


def _change_tags(actor: Actor) -> _Done:
    add, remove = _tags("add"), _tags("remove")
    if former := _former():
        return _undone(bulk.change_tags(list(former), add, remove, actor))
    change = bulk.change_tags(_sent_ids(), add, remove, actor)
    opposite = [*(("add", tag) for tag in remove), *(("remove", tag) for tag in add)]
    words = lazy_plural("%(count)s person tagged.", "%(count)s people tagged.", len(change.former))
    if remove:
        words = lazy_plural(
            "The tag was taken off %(count)s person.",
            "The tag was taken off %(count)s people.",
            len(change.former),
        )
    return _Done(words, _undo_of(change, ("action", "tag"), *opposite))


def _assign(actor: Actor) -> _Done:
    to_id = _person()
    if former := _former():
        return _undone(bulk.undo_assign(former, to_id, actor))
    change = bulk.assign(_sent_ids(), to_id, actor)
    undo = _undo_of(change, ("action", "assign"), ("user_id", str(to_id or "")))
    if change.left and not change.former:
        reason = lazy("There is no conversation yet that could be given to somebody.")
        raise ValidationFailed(reason, {"ids": [reason]})
    person = db.session.get(User, to_id) if to_id is not None else None
    name = person.display_name if person else lazy("nobody")
    words = lazy_plural(
        "%(count)s person given to %(name)s.",
        "%(count)s people given to %(name)s.",
        len(change.former),
        name=name,
    )
    return _Done(words, undo)


def _undone(change: Change) -> _Done:
    if not change.left:
        return _Done(lazy("Taken back"))
    return _Done(
        lazy_plural(
            "Taken back, but for %(count)s that somebody changed meanwhile.",
            "Taken back, but for %(count)s that somebody changed meanwhile.",
            change.left,
        )
    )


def _undo_of(change: Change, *said: tuple[str, str]) -> Sequence[tuple[str, str]]:
    """Return the fields of the request that takes the change back; none where it changed nobody."""
    former = ",".join(f"{lead_id}:{value}" for lead_id, value in change.former.items())
    return (*said, (_FORMER, former)) if former else ()


def _former() -> dict[int, str]:
    """Return what each had before, when this is an undo. Raises ValidationFailed."""
    pairs = [pair.split(":") for pair in request.form.get(_FORMER, "").split(",") if pair]
    if not all(len(pair) == 2 and _is_id(pair[0]) for pair in pairs) or len(pairs) > bulk.MOST_AT_ONCE:
        raise _no_people()
    if request.form.get("action") == "assign" and not all(_is_id(value or "0") for _, value in pairs):
        raise _no_people()
    return {int(lead_id): value for lead_id, value in pairs}


def _sent_ids() -> list[int]:
    return _ids(request.form.getlist("ids"))


def _ids(raw: list[str]) -> list[int]:
    """Return the ids, each sent by itself or several with commas between them. Raises ValidationFailed."""
    parts = [part.strip() for text in raw for part in text.split(",") if part.strip()]
    if len(parts) > bulk.MOST_AT_ONCE:
        reason = lazy("At most %(limit)s at once.", limit=bulk.MOST_AT_ONCE)
        raise ValidationFailed(reason, {"ids": [reason]})
    if not all(_is_id(part) for part in parts):
        raise _no_people()
    return sorted({int(part) for part in parts})


def _no_people() -> ValidationFailed:
    return ValidationFailed("No id.", {"ids": [lazy("These are no people.")]})


def _is_id(raw: str) -> bool:
    # Of fewer digits than a `bigint` may have.
    return raw.isascii() and raw.isdigit() and len(raw) < 19


def _person() -> int | None:
    raw = request.form.get("user_id", "").strip()
    if raw and not _is_id(raw):
        raise ValidationFailed("No person.", {"user_id": [lazy("There is no such person in the team.")]})
    return int(raw) if raw else None


def _tags(name: str) -> list[str]:
    """Return the tags, each sent by itself: one that came with an import or by the API may hold a comma."""
    return [tag for raw in request.form.getlist(name) if (tag := " ".join(raw.split()))]
