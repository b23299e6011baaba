"""What people do with several conversations at once."""

from collections.abc import Callable

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import bulk, queries
from kiaai.inbox.views import bp
from kiaai.leads.pipeline import Actor
from kiaai.texts import Text, lazy, lazy_plural
from kiaai.web.saying import said

# The list listens to this, and asks anew.
CHANGED = "conversations-changed"
_DONE: dict[str, Callable[[int], Text]] = {
    "assign": lambda n: lazy_plural(
        "%(count)s conversation assigned.", "%(count)s conversations assigned.", n
    ),
    "tag": lambda n: lazy_plural("%(count)s conversation tagged.", "%(count)s conversations tagged.", n),
    "close": lambda n: lazy_plural("%(count)s conversation closed.", "%(count)s conversations closed.", n),
    "reopen": lambda n: lazy_plural(
        "%(count)s conversation reopened.", "%(count)s conversations reopened.", n
    ),
}


def _left(n: int) -> Text:
    return lazy_plural(
        "%(count)s has a new message, so it stays.", "%(count)s have a new message, so they stay.", n
    )


@bp.post("/inbox/conversations/bulk")
@login_required
def change_several() -> ResponseReturnValue:
    """Do one thing to all conversations of `ids`, or tell why it was done to none."""
    action = request.form.get("action", "")
    try:
        ids = _ids()
        count = _change(action, ids)
    except ValidationFailed as error:
        db.session.rollback()
        reasons = " ".join(said(reason) for reasons in error.fields.values() for reason in reasons)
        return render_template("inbox/_toast.html", text=reasons), 422
    db.session.commit()
    done = render_template("inbox/_list_toast.html", text=_told(action, count, len(ids) - count))
    return done, {"HX-Trigger": CHANGED}


@bp.get("/inbox/conversations/bulk/assign")
@login_required
def assign_menu() -> ResponseReturnValue:
    """Answer the people to choose from."""
    people = queries.active_people()
    return render_template("inbox/_list_assign_menu.html", people=people, viewer_id=current_user().id)


@bp.get("/inbox/conversations/bulk/tag")
@login_required
def tag_menu() -> ResponseReturnValue:
    """Answer the tags to choose from, and who of the selected has which."""
    raw = request.args.get("ids", "").split(",")
    ids = [int(each) for each in raw if _is_id(each)]
    return render_template("inbox/_list_tag_menu.html", tags=queries.offered_tags(ids[: bulk.MOST_AT_ONCE]))


def _told(action: str, count: int, left: int) -> str:
    words = [_DONE[action](count)] if count else []
    if left:
        words.append(_left(left))
    return " ".join(said(each) for each in words)


def _change(action: str, ids: list[int]) -> int:
    """Do it, and return to how many."""
    actor = Actor("user", current_user().id)
    if action == "assign":
        bulk.assign(ids, _person(), actor)
    elif action == "tag":
        bulk.tag(ids, _tags("add"), _tags("remove"), actor)
    elif action == "close":
        return bulk.close(ids, _shown_unread(), actor)
    elif action == "reopen":
        bulk.reopen(ids, actor)
    else:
        raise ValidationFailed("Unknown.", {"action": ["Must be one of: assign, tag, close, reopen."]})
    return len(ids)


def _ids() -> list[int]:
    """Return the ids, each sent by itself or several with commas between them."""
    parts = [part.strip() for raw in request.form.getlist("ids") for part in raw.split(",") if part.strip()]
    if len(parts) > bulk.MOST_AT_ONCE:
        raise ValidationFailed(
            "Too many.", {"ids": [lazy("At most %(limit)s at once.", limit=bulk.MOST_AT_ONCE)]}
        )
    if not all(_is_id(part) for part in parts):
        raise ValidationFailed("No id.", {"ids": [lazy("These are no conversations.")]})
    return sorted({int(part) for part in parts})


def _shown_unread() -> dict[int, int]:
    """Return how many unread messages the list showed, by conversation: `<id>:<count>`, by commas."""
    pairs = [part.split(":") for part in request.form.get("unread", "").split(",")]
    return {int(pair[0]): int(pair[1]) for pair in pairs if len(pair) == 2 and all(map(_is_id, pair))}


def _is_id(raw: str) -> bool:
    # Of fewer digits than a `bigint` may have.
    return raw.isascii() and raw.isdigit() and len(raw) < 19


def _person() -> int | None:
    raw = request.form.get("user_id", "").strip()
    if raw and not _is_id(raw):
        raise ValidationFailed("No person.", {"user_id": [lazy("There is no such person in the team.")]})
    return int(raw) if raw else None


def _tags(name: str) -> list[str]:
    texts = [text for raw in request.form.getlist(name) for text in raw.split(",")]
    return [tag for text in texts if (tag := " ".join(text.split()))]
