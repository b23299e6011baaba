"""Internal notes in a thread: write one, delete one's own."""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import drafts, notes_in_thread, thread_items
from kiaai.inbox.composer_views import refused
from kiaai.inbox.views import bp, conversation_or_404, thread_contents, viewer
from kiaai.web.fragments import is_fragment


@bp.post("/inbox/conversations/<int:conversation_id>/notes")
@login_required
def create_note(conversation_id: int) -> ResponseReturnValue:
    """Store a note and answer its card, or the composer with what is wrong."""
    opened = conversation_or_404(conversation_id)
    text = request.form.get("message", "").replace("\r\n", "\n")
    try:
        note = notes_in_thread.add_note(opened, current_user().id, text)
    except ValidationFailed as error:
        db.session.rollback()
        return refused(opened, drafts.Written(text, is_note=True), error)
    drafts.clear_draft(current_user().id, opened.id, text)
    db.session.commit()
    if not is_fragment():
        return redirect(url_for("inbox.conversation", conversation_id=opened.id), 303)
    return render_template("inbox/_note.html", card=thread_items.note_card(note, viewer()))


@bp.delete("/inbox/notes/<int:note_id>")
@login_required
def delete_note(note_id: int) -> ResponseReturnValue:
    """Delete one's own note."""
    note = notes_in_thread.find_note(note_id) or abort(404)
    if note.user_id != current_user().id:
        abort(403)
    conversation_id = note.conversation_id
    notes_in_thread.delete_note(note)
    db.session.commit()
    return thread_contents(conversation_or_404(conversation_id), request.values.get("from", type=int))
