"""Store what a turn decided, in one transaction, unless a person or a newer message came between."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from kiaai import clock
from kiaai.bot.claiming import Claim, read_standing
from kiaai.bot.keeping_consent import keep_consent
from kiaai.bot.lead_changes import keep_changes
from kiaai.bot.recording import detail_of, passages_of
from kiaai.bot.turn import Decision
from kiaai.bot.unanswerable import keep_question
from kiaai.config import Settings
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.ownership import QUIET, cancel_bot, lock
from kiaai.extensions import db
from kiaai.leads.consents import lock_for_consent
from kiaai.leads.pipeline import Actor, record
from kiaai.models import BotTurn, Conversation, Lead, Message

# A customer who keeps writing gets an answer all the same.
MOST_DROPS = 2
LONGEST_WAIT = timedelta(seconds=30)


@dataclass(frozen=True)
class Stored:
    """What came of a turn. wanted_in: seconds until the bot's next turn here, None when none is wanted."""

    has_said: bool = False
    wanted_in: float | None = None


def store(claim: Claim, decision: Decision, settings: Settings) -> Stored:
    """Queue the answer, note the decision and end the turn, or drop it all. No commit.

    Raises ValidationFailed when the answer may not be sent; then the caller rolls back.
    """
    lead = _lock_lead(claim, decision)
    conversation = lock(claim.conversation_id)
    at = db.session.scalars(select(func.clock_timestamp())).one()
    if conversation.turn_token != claim.token:
        _note(claim, _dropped(decision, "turn_lost"), at)
        return Stored()
    if reason := _reason_to_drop(claim, conversation, settings, at):
        return _drop(claim, conversation, decision, reason, at)
    message = _carry_out(claim, conversation, lead, decision)
    if lead:
        decision = replace(decision, changes=tuple(keep_changes(lead, decision.changes)))
    _note(claim, decision, at, message, read_up_to=claim.unanswered.read_up_to)
    wanted_in = _end_turn(claim, conversation, at)
    db.session.flush()
    keep_question(claim.input, decision, claim.turn_id)
    return Stored(has_said=message is not None, wanted_in=wanted_in)


def _lock_lead(claim: Claim, decision: Decision) -> Lead | None:
    """Lock the lead where its history is written: it comes before the conversation in the order of locks."""
    # Consent, status and name are drawn with all conversations of the lead.
    if decision.kind in ("opt_out", "opt_in") or decision.changes:
        return lock_for_consent(claim.lead_id)
    if decision.kind == "hand_off":
        return db.session.get_one(Lead, claim.lead_id, with_for_update={"key_share": True})
    return None


def _reason_to_drop(claim: Claim, conversation: Conversation, settings: Settings, at: datetime) -> str | None:
    if read_standing(conversation, settings) != claim.input.standing:
        return "overtaken"
    if conversation.bot_due_at == claim.bot_due_at:
        return None
    if conversation.bot_due_at is None:
        return "not_wanted"
    has_waited_long = conversation.bot_since_at is not None and at - conversation.bot_since_at > LONGEST_WAIT
    return None if has_waited_long or conversation.turn_drops >= MOST_DROPS else "newer_message"


def _drop(claim: Claim, conversation: Conversation, decision: Decision, reason: str, at: datetime) -> Stored:
    """Let the turn go undone: the next one reads again and sees what came between."""
    conversation.turn_drops += reason == "newer_message"
    _let_go(conversation)
    _note(claim, _dropped(decision, reason), at)
    return Stored(wanted_in=_seconds_until(conversation.bot_due_at, at))


def _dropped(decision: Decision, reason: str) -> Decision:
    """Return a decision that is not carried out. What the model cost, it cost all the same."""
    return replace(decision, kind="dropped", reason=reason, changes=())


def _carry_out(
    claim: Claim, conversation: Conversation, lead: Lead | None, decision: Decision
) -> Message | None:
    text = decision.text
    if lead and decision.kind in ("opt_out", "opt_in"):
        is_news = keep_consent(lead, decision.kind, claim.unanswered, conversation.id)
        text = text if is_news else None
        if is_news and decision.kind == "opt_out":
            # What waits to be sent, as on a channel that is paused, would come after the stop.
            cancel_bot(conversation)
    message = _queue(claim, conversation, text) if text else None
    if lead and decision.kind == "hand_off":
        _hand_off(conversation, lead, decision.reason)
    return message


def _queue(claim: Claim, conversation: Conversation, text: str) -> Message:
    epoch = claim.input.standing.epoch
    message = queue_message(conversation, Sender("bot"), text=text, epoch=epoch)
    if claim.unanswered.wamid:
        conversation.read_wamid, conversation.read_due_at = claim.unanswered.wamid, func.clock_timestamp()
    return message


def _hand_off(conversation: Conversation, lead: Lead, reason: str) -> None:
    """Leave the conversation to people: unread, and the bot keeps quiet. The epoch stays."""
    record(lead, "handed_off", Actor("bot"), conversation_id=conversation.id, detail={"reason": reason})
    conversation.unread_count = max(conversation.unread_count, 1)
    conversation.bot_quiet_until = clock.now() + QUIET
    conversation.version += 1


def _end_turn(claim: Claim, conversation: Conversation, at: datetime) -> float | None:
    """Clear what the turn was about; a message that came meanwhile wants a turn of its own."""
    is_newer = conversation.bot_due_at != claim.bot_due_at
    conversation.bot_due_at = conversation.bot_due_at if is_newer else None
    conversation.bot_since_at = at if is_newer else None
    conversation.turn_drops = 0
    _let_go(conversation)
    return _seconds_until(conversation.bot_due_at, at)


def _let_go(conversation: Conversation) -> None:
    conversation.turn_token = conversation.turn_until = None
    conversation.turn_attempts = 0


def _seconds_until(due_at: datetime | None, at: datetime) -> float | None:
    return max(0.0, (due_at - at).total_seconds()) if due_at else None


def _note(
    claim: Claim,
    decision: Decision,
    at: datetime,
    message: Message | None = None,
    read_up_to: int | None = None,
) -> None:
    turn = db.session.get_one(BotTurn, claim.turn_id)
    turn.finished_at, turn.decision, turn.reason = at, decision.kind, decision.reason
    turn.passages, turn.read_up_to = passages_of(decision), read_up_to
    turn.message_id = message.id if message else None
    turn.detail = detail_of(claim.input, decision)
    if decision.model:
        turn.model, turn.cost_micros = decision.model.name, decision.model.cost_micros
        turn.tokens_in, turn.tokens_out = decision.model.tokens_in, decision.model.tokens_out
