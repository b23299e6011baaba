"""Internal notes between the messages of a thread. They have a table of their own: nothing can send them."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from kiaai.delivery.ownership import lock
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import Conversation, Note
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text

NOTE_LIMIT = 4096
# So many notes are drawn with one page of messages, the newest.
MOST_NOTES = 500
# The same words of one person within this time are one note: its first answer was lost.
SAME = timedelta(minutes=1)


def notes_between(conversation_id: int, since: datetime | None, until: datetime | None) -> list[Note]:
    """Return the notes of a stretch of the thread, the oldest first; without an end it goes on."""
    found = (
        select(Note)
        .where(Note.conversation_id == conversation_id)
        .order_by(Note.created_at.desc(), Note.id.desc())
        .limit(MOST_NOTES)
        .options(joinedload(Note.user))
    )
    if since is not None:
        found = found.where(Note.created_at >= since)
    if until is not None:
        found = found.where(Note.created_at < until)
    return list(db.session.scalars(found))[::-1]


def find_note(note_id: int) -> Note | None:
    return db.session.get(Note, note_id)


def add_note(conversation: Conversation, user_id: int, text: str) -> Note:
    """Store a note for the team. Raises ValidationFailed when it is empty or too long."""
    words = clean_text(text).strip()
    if not words:
        raise ValidationFailed(lazy("Write a note first."), {"message": [lazy("The note is empty.")]})
    if len(words) > NOTE_LIMIT:
        counts = {"length": str(len(words)), "limit": str(NOTE_LIMIT)}
        reason = lazy("The note has %(length)s characters; at most %(limit)s fit.", **counts)
        raise ValidationFailed(reason, {"message": [reason]})
    conversation = lock(conversation.id)
    if first := _same_just_now(conversation.id, user_id, words):
        return first
    note = Note(
        conversation_id=conversation.id, user_id=user_id, text=words, created_at=func.clock_timestamp()
    )
    db.session.add(note)
    conversation.version += 1
    db.session.flush()
    return note


def delete_note(note: Note) -> None:
    """Delete a note."""
    lock(note.conversation_id).version += 1
    db.session.delete(note)
    db.session.flush()


def _same_just_now(conversation_id: int, user_id: int, words: str) -> Note | None:
    return db.session.scalar(
        select(Note).where(
            Note.conversation_id == conversation_id,
            Note.user_id == user_id,
            Note.text == words,
            Note.created_at > func.clock_timestamp() - SAME,
        )
    )
