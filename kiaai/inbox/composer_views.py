"""What the composer asks for while somebody writes: drafts, quotes, canned replies, presence."""

from flask import Response, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.business import business
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import canned, composing, drafts, panels, presence, thread
from kiaai.inbox.drafts import Written
from kiaai.inbox.views import bp, conversation_or_404, dashboard_page, settings, viewer
from kiaai.models import Conversation
from kiaai.web.fragments import is_fragment
from kiaai.whatsapp.cleaning import clean_text


@bp.put("/inbox/conversations/<int:conversation_id>/draft")
@login_required
def keep_draft(conversation_id: int) -> ResponseReturnValue:
    """Keep what stands in the composer; the answer names the draft's version."""
    form = request.form
    version = drafts.keep_draft(
        current_user().id,
        conversation_or_404(conversation_id).id,
        form.get("text", "").replace("\r\n", "\n"),
        is_note=form.get("as") == "note",
        reply_to_id=form.get("reply_to", type=int),
        key=form.get("key"),
    )
    db.session.commit()
    return Response(status=204, headers={"X-Draft": version})


@bp.get("/inbox/conversations/<int:conversation_id>/draft")
@login_required
def draft(conversation_id: int) -> ResponseReturnValue:
    """Answer the composer with the draft, or nothing while the asker knows it."""
    opened = conversation_or_404(conversation_id)
    written = drafts.find_draft(current_user().id, opened.id)
    if written.version == request.args.get("known"):
        return "", 204
    response = make_response(_composer(opened, written))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/inbox/messages/<int:message_id>/reply")
@login_required
def reply_strip(message_id: int) -> ResponseReturnValue:
    """Answer the quote that stands above the words while a message is answered."""
    message = thread.find_message(message_id) or abort(404)
    return render_template("inbox/_reply_strip.html", quote=composing.strip(message, viewer()))


@bp.get("/inbox/conversations/<int:conversation_id>/canned")
@login_required
def canned_replies(conversation_id: int) -> ResponseReturnValue:
    """Answer the canned replies that fit what was typed, filled in for this conversation."""
    opened = conversation_or_404(conversation_id)
    typed = clean_text(request.args.get("q", "")[:50])
    values = canned.variables(opened.lead, current_user().display_name, business(settings()).name)
    found = canned.suggestions(typed, values)
    context = {"suggestions": found, "typed": typed, "has_any": bool(found) or canned.has_any()}
    return render_template("inbox/_canned.html", viewer=viewer(), **context)


@bp.post("/inbox/conversations/<int:conversation_id>/presence")
@login_required
def tell_presence(conversation_id: int) -> ResponseReturnValue:
    """Note that the person has the conversation open, and whether they type."""
    is_typing = {"1": True, "0": False}.get(request.form.get("typing", ""))
    presence.tell(current_user().id, conversation_id, is_typing)
    db.session.commit()
    return "", 204


def refused(opened: Conversation, written: Written, error: ValidationFailed) -> ResponseReturnValue:
    """Answer the composer with what is wrong, in its page where there is no script."""
    reasons = error.fields.get("message") or [error.message]
    if is_fragment():
        return _composer(opened, written, composer_reasons=reasons), 422
    context = panels.open_panel(opened, viewer(), settings())
    drawn = composing.composer(opened, viewer(), written)
    return dashboard_page(**{**context, **drawn, "composer_reasons": reasons}), 422


def _composer(opened: Conversation, written: Written, **more: object) -> str:
    context = composing.composer(opened, viewer(), written)
    return render_template("inbox/_composer.html", **context, **more)
