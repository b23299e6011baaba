"""What becomes of old deliveries, and of those that tell of somebody who is to be forgotten."""

from collections.abc import Sequence

from sqlalchemy import text

from kiaai.extensions import db

# Run by the sweep, once an hour.
HOUSEKEEPING = (
    # A receiver that lets each try run into its time limit takes so few that one more for each takes days.
    "UPDATE outgoing_deliveries d SET state = 'failed', next_try_at = NULL, settled_at = clock_timestamp(),"
    " error = coalesce(d.error, 'not_tried')"
    " FROM outgoing_webhooks w WHERE w.id = d.webhook_id AND w.is_active"
    " AND w.failing_since < clock_timestamp() - interval '24 hours'"
    " AND d.state = 'due' AND d.give_up_at < clock_timestamp()",
    "DELETE FROM outgoing_deliveries WHERE state = 'delivered'"
    " AND settled_at < clock_timestamp() - interval '7 days'",
    "DELETE FROM outgoing_deliveries WHERE settled_at < clock_timestamp() - interval '30 days'",
    # Of a webhook that is paused, or was deleted while they were written.
    "DELETE FROM outgoing_deliveries WHERE state = 'due'"
    " AND (give_up_at < clock_timestamp() - interval '30 days'"
    " OR NOT EXISTS (SELECT FROM outgoing_webhooks w WHERE w.id = webhook_id))",
)

_EMPTY = text("""
    UPDATE outgoing_deliveries SET payload = jsonb_set(payload, '{message,message_text}', 'null')
    WHERE lead_id = :lead_id AND payload #> '{conversation,id}' = to_jsonb(CAST(:id AS bigint))
        AND payload #>> '{message,message_text}' IS NOT NULL""")
_FORGET = text("DELETE FROM outgoing_deliveries WHERE lead_id = ANY (:ids)")


def empty_messages(lead_id: int, conversation_id: int) -> None:
    """Take the words of a conversation out of what was told, or is to be told, of its messages."""
    db.session.execute(_EMPTY, {"lead_id": lead_id, "id": conversation_id})


def forget_leads(lead_ids: Sequence[int]) -> None:
    """Delete what was told, or is to be told, of these leads."""
    db.session.execute(_FORGET, {"ids": list(lead_ids)})
