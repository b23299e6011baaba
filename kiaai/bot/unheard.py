"""A stop that no turn of the bot has read yet: a person who comes before that must not bury it."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from kiaai.bot.rules import wants_back, wants_out
from kiaai.extensions import db

# As many as a turn looks at.
_UNREAD = text("""
    SELECT text FROM (
        SELECT id, text, direction FROM messages WHERE conversation_id = :id
        ORDER BY timestamp DESC, id DESC LIMIT 50) AS newest
    WHERE direction = 'incoming' AND text IS NOT NULL
        AND id > coalesce((SELECT max(read_up_to) FROM bot_turns WHERE conversation_id = :id), 0)
""")
_WAKE = text("""
    UPDATE conversations SET bot_due_at = clock_timestamp(), bot_since_at = clock_timestamp() WHERE id = :id
""")


def is_consent_unread(conversation_id: int) -> bool:
    """Tell whether such a word waits for the bot's next turn."""
    return _is_unread(db.session.connection(), conversation_id)


def wake_for_consent(connection: Connection, conversation_ids: Iterable[int]) -> None:
    """Let the bot take a turn where such a word waits: it may not speak, and only writes it down.

    The conversations must be locked.
    """
    for id in conversation_ids:
        if _is_unread(connection, id):
            connection.execute(_WAKE, {"id": id})


def _is_unread(connection: Connection, conversation_id: int) -> bool:
    said = connection.scalars(_UNREAD, {"id": conversation_id})
    return any(wants_out(words) or wants_back(words) for words in said)
