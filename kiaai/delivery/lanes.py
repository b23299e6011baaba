"""The two lanes of a conversation: when the head of each may go."""

from sqlalchemy import text

from kiaai.extensions import db

# What was queued before delivery was held stays where it is until a person lets it go. What was already
# claimed by then is settled like any other.
NOT_HELD = (
    "(m.status = 'sending' OR NOT EXISTS"
    " (SELECT 1 FROM installation i WHERE i.held_at IS NOT NULL AND m.created_at <= i.held_at))"
)

_HEAD_DUE = """(
    SELECT coalesce(m.next_attempt_at, m.created_at) FROM messages m
    WHERE m.conversation_id = c.id AND m.lane = '{lane}' AND m.status IN ('queued', 'sending')
      AND {not_held}
    ORDER BY m.id LIMIT 1)"""


def refresh_due_sql(which: str) -> str:
    """Return SQL that sets when the heads of both lanes may go. which: a condition on `c`."""
    return (
        "UPDATE conversations c SET"
        f" talk_due_at = {_HEAD_DUE.format(lane='talk', not_held=NOT_HELD)},"
        f" campaign_due_at = {_HEAD_DUE.format(lane='campaign', not_held=NOT_HELD)}"
        f" WHERE {which}"
    )


_REFRESH = text(refresh_due_sql("c.id = :id"))


def refresh_due(conversation_id: int) -> None:
    """Set when the heads of both lanes may go. The conversation must be locked."""
    db.session.flush()
    db.session.execute(_REFRESH, {"id": conversation_id})
