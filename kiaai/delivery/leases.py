"""The lease of a conversation: who may send in it, and what becomes of a message when a lease ends.

Each verb needs the conversation's lock.
"""

from uuid import UUID

from sqlalchemy import text

from kiaai.delivery.lanes import refresh_due
from kiaai.extensions import db

LEASE_SECONDS = 25

# Whoever takes an expired lease cannot know what became of the call under way.
_GIVE_UP_LEFT_OVER = text("""
    WITH left_over AS (
        UPDATE messages SET status = 'unknown', unknown_at = clock_timestamp(),
            error_text = 'The program stopped before WhatsApp answered.'
        WHERE conversation_id = :id AND status = 'sending' RETURNING id)
    UPDATE conversations SET version = version + 1 WHERE id = :id AND EXISTS (SELECT 1 FROM left_over)
""")
# Who still owns an expired lease was the last to act: what it claimed in a lost commit was never called.
_PUT_BACK = text("""
    WITH uncalled AS (
        UPDATE messages SET status = 'queued', next_attempt_at = NULL
        WHERE conversation_id = :id AND status = 'sending' RETURNING id)
    UPDATE conversations SET version = version + 1 WHERE id = :id AND EXISTS (SELECT 1 FROM uncalled)
""")
_LET_GO = text(
    "UPDATE conversations SET lease_token = NULL, lease_until = NULL"
    " WHERE id = :id AND (lease_token = :token OR lease_until <= clock_timestamp())"
)
_IS_DUE = text("""
    SELECT coalesce(least(talk_due_at, campaign_due_at) <= clock_timestamp(), false)
    FROM conversations WHERE id = :id AND lease_token = :token
""")


def give_up_left_over(conversation_id: int) -> None:
    """Set to `unknown` what a former holder was sending when its lease ended."""
    db.session.execute(_GIVE_UP_LEFT_OVER, {"id": conversation_id})


def put_back(conversation_id: int, token: UUID) -> None:
    """Queue again what was claimed and surely not called, at its old place."""
    db.session.execute(_PUT_BACK, {"id": conversation_id})
    let_go(conversation_id, token)
    refresh_due(conversation_id)


def let_go_unless_due(conversation_id: int, token: UUID) -> bool:
    """Let the lease go, or keep it and return True when something became due meanwhile."""
    if db.session.execute(_IS_DUE, {"id": conversation_id, "token": token}).scalar():
        return True
    let_go(conversation_id, token)
    return False


def let_go(conversation_id: int, token: UUID) -> None:
    """Let the lease go if it is still ours."""
    db.session.execute(_LET_GO, {"id": conversation_id, "token": token})
