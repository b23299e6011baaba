"""Who of the team has a conversation open, and who is writing in it. It expires by time alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from kiaai.extensions import db

# A browser tells every 10 s that the conversation is open, and every 3 s that somebody types in it.
OPEN_SECONDS = 15
TYPING_SECONDS = 6

_HERE = f"p.seen_at > clock_timestamp() - interval '{OPEN_SECONDS} s'"
_TYPES = f"coalesce(p.typing_at > clock_timestamp() - interval '{TYPING_SECONDS} s', false)"

# For the one query of a thread's poll, where `u` is who asks. As sign_of says it of the same people.
SIGN = (
    f"SELECT coalesce(string_agg(concat(p.user_id, CASE WHEN {_TYPES} THEN '!' END), ','"
    " ORDER BY p.user_id), '') FROM presence p"
    f" WHERE p.conversation_id = :conversation_id AND p.user_id <> u.id AND {_HERE}"
)
# Who else is here, for `:conversation_id` and `:viewer_id`.
COLLEAGUES = (
    f"SELECT u.id, coalesce(nullif(u.name, ''), split_part(u.email, '@', 1)) AS name, {_TYPES} AS is_typing"
    " FROM presence p JOIN users u ON u.id = p.user_id"
    f" WHERE p.conversation_id = :conversation_id AND p.user_id <> :viewer_id AND {_HERE} ORDER BY u.id"
)
# Nothing is stored for a conversation that is gone.
_TELL = text("""
    INSERT INTO presence (user_id, conversation_id, seen_at, typing_at)
    SELECT :user_id, id, clock_timestamp(), CASE WHEN :typing THEN clock_timestamp() END
    FROM conversations WHERE id = :conversation_id
    ON CONFLICT (user_id, conversation_id) DO UPDATE SET seen_at = excluded.seen_at,
        typing_at = CASE WHEN :typing IS NULL THEN presence.typing_at ELSE excluded.typing_at END
""")


@dataclass(frozen=True)
class Colleague:
    """Somebody else who has the same conversation open."""

    id: int
    name: str
    is_typing: bool


def tell(user_id: int, conversation_id: int, is_typing: bool | None) -> None:
    """Note that the person has the conversation open. is_typing: None leaves that as it was."""
    values = {"user_id": user_id, "conversation_id": conversation_id, "typing": is_typing}
    db.session.execute(_TELL, values)


def sign_of(others: Iterable[Colleague]) -> str:
    """Return a sign of who is here and who writes."""
    return ",".join(f"{other.id}{'!' if other.is_typing else ''}" for other in others)
