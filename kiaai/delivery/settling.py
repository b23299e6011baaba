"""Save what became of a claimed message. Each change requires that the try is still the one under way."""

from typing import Any

from sqlalchemy import text

from kiaai.delivery.claiming import Claim
from kiaai.delivery.lanes import refresh_due
from kiaai.delivery.outcomes import NotNow, Outcome, Refused, Sent, Stopped, Unknown
from kiaai.delivery.receipts import join_orphans
from kiaai.extensions import db

_LOCK = text(
    "SELECT lease_token = :token AS is_ours FROM conversations WHERE id = :conversation_id FOR NO KEY UPDATE"
)
# A wamid is added even when another already gave the try up as unknown: it proves the message left.
_SENT = text("""
    UPDATE messages SET status = 'sent', sent_at = clock_timestamp(), error_code = NULL, error_text = NULL,
        message_id = CASE WHEN NOT EXISTS (SELECT 1 FROM messages WHERE message_id = :wamid) THEN :wamid END
    WHERE id = :message_id AND attempt = :attempt AND message_id IS NULL AND status IN ('sending', 'unknown')
    RETURNING id
""")
_MINE = "WHERE id = :message_id AND attempt = :attempt AND status = 'sending' RETURNING id"
_REFUSED = text(
    "UPDATE messages SET status = 'failed', failed_at = clock_timestamp(), error_code = :code,"
    f" error_text = :text {_MINE}"
)
_UNKNOWN = text(
    "UPDATE messages SET status = 'unknown', unknown_at = clock_timestamp(), error_code = NULL,"
    f" error_text = :text {_MINE}"
)
# Tried for a day; then a person decides.
_AGAIN = text(f"""
    UPDATE messages SET
        status = CASE WHEN first_attempt_at < clock_timestamp() - interval '24 hours'
            THEN 'failed' ELSE 'queued' END,
        failed_at = CASE WHEN first_attempt_at < clock_timestamp() - interval '24 hours'
            THEN clock_timestamp() END,
        next_attempt_at = clock_timestamp() + make_interval(secs => :wait_seconds),
        error_code = :code, error_text = :text {_MINE}
""")
_STOPPED = text(
    "UPDATE messages SET status = 'queued', next_attempt_at = NULL, error_code = :code,"
    f" error_text = :text {_MINE}"
)
_SHOW = text("""
    UPDATE conversations SET version = version + 1,
        unread_count = CASE WHEN EXISTS (
            SELECT 1 FROM messages WHERE id = :message_id AND status = 'failed' AND author = 'user')
            THEN greatest(unread_count, 1) ELSE unread_count END
    WHERE id = :conversation_id
""")


def settle(claim: Claim, outcome: Outcome) -> None:
    """Save the outcome of the claimed try; one that is no longer ours changes nothing.

    One transaction with the next claim, which the caller commits.
    """
    values: dict[str, Any] = {
        "conversation_id": claim.conversation_id,
        "message_id": claim.message_id,
        "attempt": claim.attempt,
    }
    is_ours = db.session.scalar(_LOCK, {**values, "token": claim.token})
    if _save(outcome, values):
        db.session.execute(_SHOW, values)
        wamid = outcome.wamid if isinstance(outcome, Sent) else None
        join_orphans(claim.channel_id, wamid, claim.send_key)
    # Whoever holds the conversation by now has said when it is due.
    if is_ours:
        refresh_due(claim.conversation_id)


def _save(outcome: Outcome, values: dict[str, Any]) -> bool:
    match outcome:
        case Sent(wamid):
            saved = db.session.execute(_SENT, {**values, "wamid": wamid})
        case Refused(code, reason):
            saved = db.session.execute(_REFUSED, {**values, "code": code, "text": reason})
        case Unknown(reason):
            saved = db.session.execute(_UNKNOWN, {**values, "text": reason})
        case Stopped(code, reason):
            # The channel's pause keeps it, however long, and it leaves first when that ends.
            saved = db.session.execute(_STOPPED, {**values, "code": code, "text": reason})
        case NotNow(wait_seconds, code, reason):
            again = {**values, "code": code, "text": reason, "wait_seconds": wait_seconds}
            saved = db.session.execute(_AGAIN, again)
    return saved.one_or_none() is not None
