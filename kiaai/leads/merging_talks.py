"""Give the conversations of one lead to another. Where both talk on one channel, one goes into the other.

Each goes on answering whom it answered: the number is written down before the leads become one. Needs the
locks of `together.lock_both`.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text

from kiaai.delivery.lanes import refresh_due
from kiaai.delivery.showing import show_newest
from kiaai.extensions import db
from kiaai.leads.together import snapshot
from kiaai.models import BotTurn, Conversation, Message
from kiaai.models.base import Json
from kiaai.models.conversation import PRIORITIES

# As the sender chooses: see `delivery/claiming.py`.
_RECIPIENTS = text("""
    SELECT c.id, coalesce(c.answers_to,
        (SELECT value FROM lead_identities i WHERE i.lead_id = l.id AND i.kind = 'wa_id'
         ORDER BY i.created_at DESC LIMIT 1), l.phone_number,
        (SELECT value FROM lead_identities i WHERE i.lead_id = l.id AND i.kind = 'bsuid'
         ORDER BY i.created_at DESC LIMIT 1)) AS recipient
    FROM conversations c JOIN leads l ON l.id = c.lead_id WHERE c.id = ANY (:ids)""")
# Whom a message was written to that is still to go, or may be sent again.
_ADDRESS = text("""
    UPDATE messages SET party = :party WHERE conversation_id = :id AND direction = 'outgoing'
        AND status IN ('queued', 'failed', 'unknown') AND party IS NULL RETURNING id""")
_CANCEL_BOT = text("""
    UPDATE messages SET status = 'cancelled', cancelled_at = clock_timestamp()
    WHERE conversation_id = :id AND author = 'bot' AND status = 'queued' RETURNING id""")
# All that is of a conversation, but for what is of one person in it.
_MOVES = {
    name: text(f"UPDATE {table} SET conversation_id = :into WHERE conversation_id = :id RETURNING id")
    for name, table in (
        ("messages", "messages"),
        ("notes", "notes"),
        ("turns", "bot_turns"),
        ("events", "lead_events"),
        ("imports", "imports"),
    )
}
_KEPT_DRAFTS = text("""
    SELECT to_jsonb(d) FROM drafts d WHERE conversation_id = ANY (:ids) ORDER BY conversation_id, user_id""")
# Nothing that somebody has written is lost: what they began in both stands in one, one below the other.
_JOIN_DRAFTS = (
    text("""
        UPDATE drafts k SET text = concat_ws(E'\\n\\n', nullif(k.text, ''), nullif(d.text, ''))
        FROM drafts d
        WHERE d.conversation_id = :id AND k.conversation_id = :into AND k.user_id = d.user_id"""),
    text("""
        UPDATE drafts d SET conversation_id = :into WHERE conversation_id = :id AND NOT EXISTS (
            SELECT FROM drafts k WHERE k.conversation_id = :into AND k.user_id = d.user_id)"""),
    text("""
        UPDATE presence p SET conversation_id = :into WHERE conversation_id = :id AND NOT EXISTS (
            SELECT FROM presence k WHERE k.conversation_id = :into AND k.user_id = p.user_id)"""),
)
_DELETE = text("DELETE FROM conversations WHERE id = :id")


def find_recipients(conversation_ids: Sequence[int]) -> dict[int, str | None]:
    """Return to which number or id each conversation answers now."""
    found = db.session.execute(_RECIPIENTS, {"ids": list(conversation_ids)})
    return {row.id: row.recipient for row in found}


def merge_talks(
    keep_id: int,
    other_id: int,
    talks: Sequence[Conversation],
    recipients: dict[int, str | None],
    now: datetime,
) -> list[Json]:
    """Give the conversations of the one lead to the other; return what it takes to part them again."""
    kept = {talk.channel_id: talk for talk in talks if talk.lead_id == keep_id}
    came = [talk for talk in talks if talk.lead_id == other_id]
    told = []
    for talk in came:
        into = kept.pop(talk.channel_id, None)
        told.append(_fold(talk, into, recipients, now) if into else _take(talk, keep_id, recipients))
    told += [_pin(talk, recipients) for talk in kept.values()]
    return told


def answering(into: Conversation, talk: Conversation, now: datetime) -> Conversation:
    """Return of the two conversations the one whose number and window both have from now on.

    The one in which the customer can be answered now; in both or in none, the one that is kept.
    """
    return max(
        (talk, into), key=lambda one: (one.is_window_open(now), one.last_inbound_at is not None, one is into)
    )


def _pin(talk: Conversation, recipients: dict[int, str | None]) -> Json:
    """Let a conversation of the lead that stays go on answering whom it answers."""
    before = snapshot("conversations", talk.id)
    talk.answers_to = recipients[talk.id]
    talk.version += 1
    db.session.flush()
    return {"id": talk.id, "into": None, "is_own": True, "before": before, "last_id": _newest_id()}


def _take(talk: Conversation, keep_id: int, recipients: dict[int, str | None]) -> Json:
    """Give a whole conversation to the lead that stays. A turn of the bot under way begins anew."""
    told = _pin(talk, recipients) | {"is_own": False}
    talk.lead_id = keep_id
    talk.turn_token = talk.turn_until = None
    db.session.flush()
    return told


def _fold(talk: Conversation, into: Conversation, recipients: dict[int, str | None], now: datetime) -> Json:
    """Put a conversation into another on its channel, and let it go."""
    ids = {"id": talk.id, "into": into.id}
    told: Json = {**ids, "before": snapshot("conversations", talk.id), "last_id": _newest_id()}
    told["into_before"] = snapshot("conversations", into.id)
    told["drafts"] = list(db.session.scalars(_KEPT_DRAFTS, {"ids": [talk.id, into.id]}))
    told["addressed"] = [*_address(talk, recipients), *_address(into, recipients)]
    silenced = [*_silence(talk), *_silence(into)]
    bot_due_at = _bot_due_at(talk, into)
    for name, statement in _MOVES.items():
        told[name] = list(db.session.scalars(statement, ids))
    for statement in _JOIN_DRAFTS:
        db.session.execute(statement, ids)
    _unite(talk, into, recipients, now)
    _decide_bot(talk, into, bot_due_at, bool(silenced), now)
    db.session.flush()
    show_newest(into)
    refresh_due(into.id)
    db.session.expunge(talk)
    db.session.execute(_DELETE, {"id": talk.id})
    db.session.flush()
    told["into_after"] = snapshot("conversations", into.id)
    return told


def _address(talk: Conversation, recipients: dict[int, str | None]) -> list[int]:
    found = db.session.scalars(_ADDRESS, {"id": talk.id, "party": recipients[talk.id]})
    return list(found) if recipients[talk.id] else []


def _silence(talk: Conversation) -> list[int]:
    return list(db.session.scalars(_CANCEL_BOT, {"id": talk.id}))


def _unite(talk: Conversation, into: Conversation, recipients: dict[int, str | None], now: datetime) -> None:
    """Let the one that stays show and keep what both did."""
    both = (into, talk)
    chosen = answering(into, talk, now)
    inbound = [one.last_inbound_at for one in both if one.last_inbound_at]
    is_one_number = recipients[into.id] == recipients[talk.id]
    into.answers_to = recipients[chosen.id] or recipients[into.id] or recipients[talk.id]
    # The window is that of the number: WhatsApp counts it for each by itself.
    into.last_inbound_at = max(inbound) if is_one_number and inbound else chosen.last_inbound_at
    into.created_at = min(one.created_at for one in both)
    into.last_message_at = max(one.last_message_at for one in both)
    into.unread_count = into.unread_count + talk.unread_count
    into.assignee_id = into.assignee_id or talk.assignee_id
    into.priority = min((one.priority for one in both), key=PRIORITIES.index)
    states = {one.state for one in both}
    into.state = next(state for state in ("open", "snoozed", "closed") if state in states)
    ends = [one.snoozed_until for one in both if one.state == "snoozed" and one.snoozed_until]
    into.snoozed_until = min(ends) if into.state == "snoozed" and ends else None
    into.pair_tokens = min(one.pair_tokens for one in both)
    into.pair_at = max((one.pair_at for one in both if one.pair_at), default=None)
    into.lease_token = into.lease_until = None
    if talk.read_wamid and not into.read_wamid:
        into.read_wamid, into.read_due_at = talk.read_wamid, talk.read_due_at
    into.version = max(one.version for one in both) + 1


def _decide_bot(
    talk: Conversation, into: Conversation, bot_due_at: datetime | None, was_silenced: bool, now: datetime
) -> None:
    """Let the bot speak only where it may in both. Its turns and answers under way are of before."""
    wanted = into.bot_due_at or talk.bot_due_at
    quiet = [one.bot_quiet_until for one in (into, talk) if one.bot_quiet_until]
    into.bot_enabled = into.bot_enabled and talk.bot_enabled
    into.bot_quiet_until = max(quiet, default=None)
    into.owner_epoch = max(into.owner_epoch, talk.owner_epoch) + 1
    into.turn_token = into.turn_until = None
    into.turn_attempts = into.turn_drops = 0
    is_free = into.bot_enabled and (into.bot_quiet_until is None or into.bot_quiet_until <= now)
    into.bot_due_at = bot_due_at if is_free else None
    into.bot_since_at = min(filter(None, (into.bot_since_at, talk.bot_since_at)), default=None)
    if into.bot_due_at is None:
        into.bot_since_at = None
    if was_silenced or (wanted and into.bot_due_at is None):
        # The customer still waits for an answer: a person should see that.
        into.unread_count = max(into.unread_count, 1)


def _bot_due_at(talk: Conversation, into: Conversation) -> datetime | None:
    """Return when the bot is due in both together; None where it would take a question for answered.

    It reads what came after its last turn and after the last word of a person, by the ids of both.
    """
    due = [one for one in (into, talk) if one.bot_due_at]
    marks = {one.id: _read_up_to(one.id) for one in (into, talk)}
    is_clear = all(
        first > max(marks.values()) for one in due if (first := _first_after(one.id, marks[one.id]))
    )
    return min((one.bot_due_at for one in due if one.bot_due_at), default=None) if is_clear else None


def _read_up_to(conversation_id: int) -> int:
    read = select(func.max(BotTurn.read_up_to)).where(BotTurn.conversation_id == conversation_id)
    said = select(func.max(Message.id)).where(
        Message.conversation_id == conversation_id,
        Message.direction == "outgoing",
        Message.author.in_(("user", "phone")),
    )
    return max(db.session.scalar(read) or 0, db.session.scalar(said) or 0)


def _first_after(conversation_id: int, mark: int) -> int | None:
    first = select(func.min(Message.id)).where(
        Message.conversation_id == conversation_id, Message.direction == "incoming", Message.id > mark
    )
    return db.session.scalar(first)


def _newest_id() -> int:
    """Return a mark: whatever is written from here on has a higher id."""
    return int(db.session.scalar(text("SELECT nextval('messages_id_seq')")) or 0)
