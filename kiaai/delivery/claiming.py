"""Claim the head of a conversation's queue under a lease, and refuse heads that may no longer go."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kiaai import clock
from kiaai.delivery.lanes import NOT_HELD, refresh_due
from kiaai.delivery.leases import LEASE_SECONDS, give_up_left_over, let_go, put_back
from kiaai.delivery.showing import show_newest
from kiaai.extensions import db
from kiaai.models import Conversation
from kiaai.models.conversation import PAIR_BURST, WINDOW

# A call begins within 8 s of the claim and is cut off after 23 s: it is over before the lease ends.
LAST_START_SECONDS = 8
LAST_END_SECONDS = 23
PAIR_SECONDS = 6
# So many heads are refused in one transaction before the conversation is looked at anew.
REFUSALS_AT_ONCE = 200

_LOCK = text("SELECT id FROM conversations WHERE id = :id FOR NO KEY UPDATE")
# A statement of its own: after a wait for the lock it sees what was committed meanwhile.
_READ = text("""
    SELECT c.id, c.channel_id, c.owner_epoch, c.last_inbound_at, c.lease_token, c.lease_until,
        c.pair_tokens, c.pair_at, c.answers_to, clock_timestamp() AS at, l.opted_out_at, l.phone_number,
        (SELECT lane FROM messages WHERE conversation_id = c.id AND status = 'sending') AS claimed_lane,
        (SELECT value FROM lead_identities i WHERE i.lead_id = l.id AND i.kind = 'wa_id'
         ORDER BY i.created_at DESC LIMIT 1) AS wa_id,
        (SELECT value FROM lead_identities i WHERE i.lead_id = l.id AND i.kind = 'bsuid'
         ORDER BY i.created_at DESC LIMIT 1) AS bsuid
    FROM conversations c JOIN leads l ON l.id = c.lead_id WHERE c.id = :id
""")
_HAS_MORE = """EXISTS (SELECT 1 FROM messages n WHERE n.conversation_id = m.conversation_id
    AND n.status = 'queued' AND n.id <> m.id) AS has_more"""
_HEAD = text(f"""
    SELECT m.id, m.kind, m.text, m.payload, m.reply_to, m.lane, m.author, m.epoch, m.status, m.attempt,
        m.next_attempt_at, m.send_key, m.party, {_HAS_MORE}
    FROM messages m
    WHERE m.conversation_id = :id AND m.lane = :lane AND m.status IN ('queued', 'sending') AND {NOT_HELD}
    ORDER BY m.id LIMIT 1
""")
_REFUSE = text("""
    UPDATE messages SET status = :status, error_code = :code, error_text = :reason,
        failed_at = CASE WHEN :status = 'failed' THEN clock_timestamp() ELSE failed_at END,
        cancelled_at = CASE WHEN :status = 'cancelled' THEN clock_timestamp() ELSE cancelled_at END
    WHERE id = :id
""")
_SHOW_REFUSAL = text("""
    UPDATE conversations SET version = version + 1,
        unread_count = CASE WHEN :needs_person THEN greatest(unread_count, 1) ELSE unread_count END
    WHERE id = :id
""")
_START = text(f"""
    UPDATE messages m SET status = 'sending', attempt = attempt + 1, sending_at = clock_timestamp(),
        first_attempt_at = coalesce(first_attempt_at, clock_timestamp()),
        send_key = coalesce(send_key, gen_random_uuid()), party = coalesce(party, :answers_to)
    WHERE id = :id
    RETURNING m.id, m.kind, m.text, m.payload, m.reply_to, m.lane, m.attempt, m.send_key, m.party,
        {_HAS_MORE}
""")
# While the call is under way the lane is due when the lease ends: the sweep then finds what was left.
_HOLD = text(f"""
    UPDATE conversations SET lease_token = :token,
        lease_until = clock_timestamp() + interval '{LEASE_SECONDS} s',
        talk_due_at = CASE WHEN :lane = 'talk' OR talk_due_at IS NOT NULL
            THEN clock_timestamp() + interval '{LEASE_SECONDS} s' END,
        campaign_due_at = CASE WHEN :lane = 'campaign' OR campaign_due_at IS NOT NULL
            THEN clock_timestamp() + interval '{LEASE_SECONDS} s' END,
        pair_tokens = :pair_tokens, pair_at = clock_timestamp(), version = version + 1
    WHERE id = :id
""")
_NOT_BEFORE = text("""
    UPDATE conversations SET
        talk_due_at = CASE WHEN talk_due_at IS NOT NULL
            THEN greatest(talk_due_at, clock_timestamp() + make_interval(secs => :seconds)) END,
        campaign_due_at = CASE WHEN campaign_due_at IS NOT NULL
            THEN greatest(campaign_due_at, clock_timestamp() + make_interval(secs => :seconds)) END
    WHERE id = :id
""")


@dataclass(frozen=True)
class Claim:
    """A message that is ours to send; the call starts and ends before these monotonic moments."""

    conversation_id: int
    channel_id: int
    token: UUID
    message_id: int
    attempt: int
    send_key: str
    lane: str
    to: str
    kind: str
    text: str | None
    payload: dict[str, Any]
    reply_to: str | None
    start_before: float
    end_before: float
    has_more: bool


@dataclass(frozen=True)
class Refusal:
    """Why a head may no longer go. needs_person: someone of the team should look at it."""

    status: str
    reason: str
    code: int | None = None
    needs_person: bool = True


def claim_head(conversation_id: int, token: UUID) -> Claim | None:
    """Take or extend the lease and start the first due head; without one, let the lease go.

    One transaction, which the caller commits. None: nothing to send now, or another holds the conversation.
    Must not be called with this token while a call is under way: what it finds `sending` was never called.
    """
    started = time.monotonic()
    db.session.execute(_LOCK, {"id": conversation_id})
    row = db.session.execute(_READ, {"id": conversation_id}).one_or_none()
    if row is None or (row.lease_token not in (None, token) and row.lease_until > row.at):
        return None
    if row.lease_token == token and row.lease_until <= row.at:
        # Too late to go on. Others may take the conversation now, and find its head where it was.
        put_back(row.id, token)
        return None
    if row.lease_token != token:
        give_up_left_over(conversation_id)
    tokens = _pair_tokens(row)
    for lane in _lanes(row, token):
        head = _first_that_may_go(row, lane)
        if head is None:
            continue
        if head.status == "sending":
            # Ours, claimed in a commit whose answer was lost, and not called yet: the same try goes on.
            _hold(row, head, token, tokens)
            return _claim(row, head, token, started)
        if _is_due(head, row.at) and tokens >= 1:
            return _start(row, head, token, tokens - 1, started)
    let_go(row.id, token)
    refresh_due(row.id)
    if tokens < 1:
        _put_off(row.id, (1 - tokens) * PAIR_SECONDS)
    return None


def _lanes(row: Any, token: UUID) -> tuple[str, ...]:
    """Talk goes first, but after what is claimed already: only one may be under way."""
    is_claimed = row.claimed_lane is not None and row.lease_token == token
    return (row.claimed_lane,) if is_claimed else ("talk", "campaign")


def _first_that_may_go(row: Any, lane: str) -> Any:
    for _ in range(REFUSALS_AT_ONCE):
        head = db.session.execute(_HEAD, {"id": row.id, "lane": lane}).one_or_none()
        if head is None or head.status == "sending":
            return head
        refusal = _refusal(row, head, clock.now())
        if refusal is None:
            return head
        db.session.execute(
            _REFUSE,
            {"id": head.id, "status": refusal.status, "reason": refusal.reason, "code": refusal.code},
        )
        needs_person = refusal.needs_person and head.author == "user"
        db.session.execute(_SHOW_REFUSAL, {"id": row.id, "needs_person": needs_person})
        if refusal.status == "cancelled":
            show_newest(db.session.get_one(Conversation, row.id, populate_existing=True))
    return None


def _refusal(row: Any, head: Any, now: datetime) -> Refusal | None:
    if head.epoch is not None and head.epoch != row.owner_epoch:
        return Refusal("cancelled", "A person took over.", needs_person=False)
    if not _address(row, head):
        return Refusal("failed", "No number is known for this person.", code=131026)
    if (head.lane == "campaign" or head.kind == "template") and row.opted_out_at is not None:
        return Refusal("cancelled", "This person asked for no more messages of this kind.")
    if head.kind != "template" and not _is_window_open(row.last_inbound_at, now):
        return Refusal("failed", "The 24-hour window closed before the message could leave.", code=131047)
    return None


def _is_window_open(last_inbound_at: datetime | None, now: datetime) -> bool:
    return last_inbound_at is not None and now < last_inbound_at + WINDOW


def _is_due(head: Any, at: datetime) -> bool:
    return head.next_attempt_at is None or bool(head.next_attempt_at <= at)


def _pair_tokens(row: Any) -> float:
    """Return how many messages this person may get right now: 45 at once, then one per six seconds."""
    if row.pair_at is None:
        return float(PAIR_BURST)
    earned = (row.at - row.pair_at).total_seconds() / PAIR_SECONDS
    return float(min(PAIR_BURST, row.pair_tokens + max(earned, 0.0)))


def _start(row: Any, head: Any, token: UUID, tokens: float, started: float) -> Claim:
    started_head = db.session.execute(_START, {"id": head.id, "answers_to": row.answers_to}).one()
    _hold(row, head, token, tokens)
    return _claim(row, started_head, token, started)


def _hold(row: Any, head: Any, token: UUID, tokens: float) -> None:
    db.session.execute(_HOLD, {"id": row.id, "token": token, "lane": head.lane, "pair_tokens": tokens})


def _claim(row: Any, head: Any, token: UUID, started: float) -> Claim:
    return Claim(
        conversation_id=row.id,
        channel_id=row.channel_id,
        token=token,
        message_id=head.id,
        attempt=head.attempt,
        send_key=str(head.send_key),
        lane=head.lane,
        to=_address(row, head),
        kind=head.kind,
        text=head.text,
        payload=head.payload,
        reply_to=head.reply_to,
        start_before=started + LAST_START_SECONDS,
        end_before=started + LAST_END_SECONDS,
        has_more=head.has_more,
    )


def _address(row: Any, head: Any) -> str:
    """Return where the message goes, empty when nothing is known.

    After a merge, to whom it was written, or whom the conversation answers. Else the id that WhatsApp last
    gave for the person, which may differ from the number we dialled first.
    """
    return head.party or row.answers_to or row.wa_id or row.phone_number or row.bsuid or ""


def _put_off(conversation_id: int, seconds: float) -> None:
    db.session.execute(_NOT_BEFORE, {"id": conversation_id, "seconds": seconds})
