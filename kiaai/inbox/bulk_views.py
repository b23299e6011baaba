"""What people do with several conversations at once."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import bulk
from kiaai.inbox.views import bp

# The list listens to this, and asks anew.
CHANGED = "conversations-changed"


@bp.post("/inbox/conversations/bulk")
@login_required
def change_several() -> ResponseReturnValue:
    """Do one thing to all conversations of `ids`, or tell why it was done to none."""
    try:
        _change(request.form.get("action", ""), _ids())
    except ValidationFailed as error:
        db.session.rollback()
        reasons = " ".join(reason for reasons in error.fields.values() for reason in reasons)
        return render_template("inbox/_toast.html", text=reasons), 422
    db.session.commit()
    return "", 204, {"HX-Trigger": CHANGED}


def _change(action: str, ids: list[int]) -> None:
    user_id = current_user().id
    if action == "assign":
        bulk.assign(ids, _person(), user_id)
    elif action == "tag":
        bulk.tag(ids, _tags("add"), _tags("remove"), user_id)
    elif action == "close":
        bulk.close(ids, user_id)
    elif action == "reopen":
        bulk.reopen(ids, user_id)
    else:
        raise ValidationFailed("Unknown.", {"action": ["Must be one of: assign, tag, close, reopen."]})


def _ids() -> list[int]:
    """Return the ids, each sent by itself or several with commas between them."""
    parts = [part for raw in request.form.getlist("ids") for part in raw.split(",") if part.strip()]
    ids = {int(part) for part in parts if part.strip().isascii() and part.strip().isdigit()}
    if len(parts) > bulk.MOST_AT_ONCE:
        raise ValidationFailed("Too many.", {"ids": [f"At most {bulk.MOST_AT_ONCE} at once."]})
    if len(ids) < len({part.strip() for part in parts}) or any(each >= 2**63 for each in ids):
        raise ValidationFailed("No id.", {"ids": ["These are no conversations."]})
    return sorted(ids)


def _person() -> int | None:
    raw = request.form.get("user_id", "").strip()
    if raw and not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise ValidationFailed("No person.", {"user_id": ["There is no such person in the team."]})
    return int(raw) if raw else None


def _tags(name: str) -> list[str]:
    texts = [text for raw in request.form.getlist(name) for text in raw.split(",")]
    return [tag for text in texts if (tag := " ".join(text.split()))]
