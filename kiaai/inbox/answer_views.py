"""How a deed is answered: what stands around the messages as it is now, and a toast with a way back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import panels
from kiaai.inbox.bulk_views import CHANGED
from kiaai.inbox.reading import has_unseen
from kiaai.inbox.views import conversation_or_404, loaded_panel, row_id, settings, viewer
from kiaai.models import Conversation
from kiaai.texts import Text, lazy
from kiaai.web.saying import said

# Asked for by the button of a toast: what it took back needs no toast of its own.
UNDOING = "undoing"
_UNSEEN = lazy("A new message has just arrived. Look at it first.")


@dataclass(frozen=True)
class Undo:
    """The request that takes a deed back. method: as in `hx-<method>`."""

    method: str
    address: str
    fields: Mapping[str, str] = field(default_factory=dict)


def done(opened: Conversation, words: Text | None = None, undo: Undo | None = None) -> ResponseReturnValue:
    """Save, answer the sides of the conversation, and let the list look at once."""
    db.session.commit()
    if UNDOING in request.values:
        words = undo = None
    context = panels.sides(conversation_or_404(opened.id), viewer(), settings())
    html = render_template("inbox/_head_done.html", **context, words=words, undo=undo, undoing=UNDOING)
    return html, 200, {"HX-Trigger": CHANGED}


def refused(error: ValidationFailed) -> ResponseReturnValue:
    """Change nothing, and say why in a toast."""
    db.session.rollback()
    return render_template("inbox/_toast.html", text=reasons_of(error)), 422


def unseen(opened: Conversation) -> ResponseReturnValue | None:
    """Show what came in since the page was drawn, in place of a deed that would put it away unread.

    None when the person has seen everything, or the request does not say what they saw.
    """
    if "seen" not in request.values or not has_unseen(opened, row_id("seen") or 0):
        return None
    db.session.rollback()
    context = loaded_panel(conversation_or_404(opened.id))
    html = render_template("inbox/_head_unseen.html", **context, text=_UNSEEN)
    return html, 200, {"HX-Trigger": CHANGED}


def require_unchanged(now: Mapping[str, str]) -> None:
    """Raise ValidationFailed when an undo would undo what somebody else did since; `<name>_was` tells."""
    for name, value in now.items():
        expected = request.form.get(f"{name}_was")
        if expected is not None and expected.replace("\r\n", "\n") != value:
            reason = lazy("Somebody changed this meanwhile, so it stays as it is.")
            raise ValidationFailed(reason, {name: [reason]})


def reasons_of(error: ValidationFailed) -> str:
    return " ".join(said(reason) for reasons in error.fields.values() for reason in reasons)
