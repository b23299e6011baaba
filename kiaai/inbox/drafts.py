"""What a person has begun to write in a conversation: kept here, so that it waits for them on any machine."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, delete, func, select, text
from sqlalchemy.orm import joinedload

from kiaai.delivery.outbox import Sender
from kiaai.extensions import db
from kiaai.models import Draft, Message
from kiaai.whatsapp.cleaning import clean_text

# Longer than any message: who pastes too much should find it again to shorten it.
LONGEST_DRAFT = 20_000

# Held by whoever keeps or clears a draft: a save that waits sees what was sent meanwhile.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('draft' || :conversation_id, :user_id))")
# The message it answers must be of the same conversation. A repetition changes nothing, not even the time.
# Nothing is kept of what was sent: a save that began before it may arrive after it.
_KEEP = text("""
    INSERT INTO drafts (user_id, conversation_id, text, is_note, reply_to_id, updated_at)
    SELECT :user_id, c.id, :text, :is_note,
        (SELECT m.id FROM messages m WHERE m.id = :reply_to_id AND m.conversation_id = c.id),
        clock_timestamp()
    FROM conversations c WHERE c.id = :conversation_id
        AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.client_key = :sent_key)
    ON CONFLICT (user_id, conversation_id) DO UPDATE
        SET text = excluded.text, is_note = excluded.is_note, reply_to_id = excluded.reply_to_id,
            updated_at = excluded.updated_at
        WHERE (drafts.text, drafts.is_note, drafts.reply_to_id)
            IS DISTINCT FROM (excluded.text, excluded.is_note, excluded.reply_to_id)
""")


@dataclass(frozen=True)
class Written:
    """What stands in a composer. version: changes with each draft kept; empty when there is none."""

    text: str = ""
    is_note: bool = False
    reply_to: Message | None = None
    version: str = ""


def find_draft(user_id: int, conversation_id: int) -> Written:
    """Return the person's draft in the conversation."""
    draft = db.session.scalar(
        _of(user_id, conversation_id).options(joinedload(Draft.reply_to).joinedload(Message.user))
    )
    if draft is None:
        return Written()
    return Written(draft.text, draft.is_note, draft.reply_to, _version(draft))


def keep_draft(
    user_id: int,
    conversation_id: int,
    words: str,
    is_note: bool = False,
    reply_to_id: int | None = None,
    key: str | None = None,
) -> str:
    """Keep the draft in place of the one before, and return its version; nothing written means no draft.

    key: of the message that it will become. Once that one is sent the draft comes too late.
    """
    _lock(user_id, conversation_id)
    if not words and reply_to_id is None:
        db.session.execute(delete(Draft).where(*_key(user_id, conversation_id)))
        return ""
    db.session.execute(
        _KEEP,
        {
            "user_id": user_id,
            "conversation_id": conversation_id,
            "text": clean_text(words)[:LONGEST_DRAFT],
            "is_note": is_note,
            "reply_to_id": reply_to_id,
            "sent_key": f"{Sender('user', user_id).key_owner}:{clean_text(key)}" if key else None,
        },
    )
    draft = db.session.scalar(_of(user_id, conversation_id))
    return _version(draft) if draft else ""


def clear_draft(user_id: int, conversation_id: int, sent: str) -> None:
    """Forget the draft of what was sent; other words, typed since, stay."""
    _lock(user_id, conversation_id)
    is_sent = func.btrim(Draft.text, " \n\t") == clean_text(sent).strip(" \n\t")
    db.session.execute(delete(Draft).where(*_key(user_id, conversation_id), is_sent))


def _lock(user_id: int, conversation_id: int) -> None:
    db.session.execute(_LOCK, {"user_id": user_id, "conversation_id": conversation_id})


def _of(user_id: int, conversation_id: int) -> Select[Draft]:
    return select(Draft).where(*_key(user_id, conversation_id)).execution_options(populate_existing=True)


def _key(user_id: int, conversation_id: int) -> tuple[ColumnElement[bool], ...]:
    return Draft.user_id == user_id, Draft.conversation_id == conversation_id


def _version(draft: Draft) -> str:
    return f"{draft.updated_at.timestamp():.6f}"
