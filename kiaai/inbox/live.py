"""News for a browser that tells of new messages: the newest one that the person has not seen."""

from dataclasses import dataclass

from sqlalchemy import text

from kiaai.extensions import db
from kiaai.inbox.tabs import in_tab
from kiaai.inbox.thread import ANNOTATIONS
from kiaai.models import Conversation, Message
from kiaai.whatsapp.previews import preview_of, readable_preview

# Among so many of the newest messages it is looked for: a laptop that slept for a week is told little.
_LOOKED_AT = 500
_UNREAD_LIMIT = 100

# One query, as it is asked every 15 seconds; what a colleague has taken is no news for others.
_NEWS = text(f"""
    SELECT newest.id AS newest_id, found.id, (
        SELECT count(*) FROM (
            SELECT FROM conversations WHERE {in_tab("unread")} LIMIT {_UNREAD_LIMIT}) few) AS unread
    FROM users
    CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM messages) newest
    LEFT JOIN LATERAL (
        SELECT message.id FROM (
            SELECT id, conversation_id, direction, kind FROM messages
            WHERE id > coalesce(:after, newest.id) ORDER BY id DESC LIMIT {_LOOKED_AT}) message
        JOIN conversations ON conversations.id = message.conversation_id
        WHERE direction = 'incoming' AND NOT kind = ANY(:silent) AND unread_count > 0
            AND coalesce(assignee_id, users.id) = users.id
        ORDER BY message.id DESC LIMIT 1) found ON true
    WHERE users.fs_uniquifier = :session_key AND users.active
""")  # of our own conditions and numbers


@dataclass(frozen=True)
class News:
    """What there is to tell. newest_id: to ask from the next time. unread: conversations, up to 100."""

    newest_id: int
    unread: int
    message: Message | None = None
    name: str = ""
    words: str = ""


def news(session_key: str | None, after_id: int | None) -> News | None:
    """Return what is new after a message; without one, only where to begin. None for strangers."""
    values = {"session_key": session_key or "", "after": after_id, "silent": [*ANNOTATIONS, "system"]}
    found = db.session.execute(_NEWS, values).one_or_none()
    if found is None:
        return None
    message = db.session.get(Message, found.id) if found.id else None
    if message is None:
        return News(found.newest_id, found.unread)
    lead = db.session.get_one(Conversation, message.conversation_id).lead
    payload = message.payload if isinstance(message.payload, dict) else {}
    words = readable_preview(preview_of(message.kind, payload, message.text))
    return News(found.newest_id, found.unread, message, lead.display_name, words)
