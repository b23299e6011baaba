"""Take a conversation's turn: one worker at a time, and all it needs to know read in one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Row, func, select, text

from kiaai import clock
from kiaai.bot import knowledge
from kiaai.bot.looping import is_loop
from kiaai.bot.reading import Unanswered, last_said, read_unanswered
from kiaai.bot.turn import Closed, Standing, TurnInput
from kiaai.business import Business, read_business
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import BotTurn, Conversation, Lead, Message

# So much of the thread is looked at: more than anyone writes before an answer.
_NEWEST = 50

_TAKE = text("""
    UPDATE conversations
    SET turn_token = :token, turn_until = clock_timestamp() + interval '30 seconds',
        turn_attempts = turn_attempts + 1
    WHERE id = :id AND bot_due_at <= clock_timestamp()
      AND (turn_token IS NULL OR turn_until IS NULL OR turn_until <= clock_timestamp())
    RETURNING bot_due_at
""")


@dataclass(frozen=True)
class Claim:
    """A turn that is mine until `turn_until`. turn_id: of its record."""

    conversation_id: int
    lead_id: int
    token: UUID
    turn_id: int
    bot_due_at: datetime
    unanswered: Unanswered
    input: TurnInput


def claim_turn(conversation_id: int, settings: Settings) -> Claim | None:
    """Take the turn and read what it is about; None when it is not due or another has it. No commit."""
    token = uuid4()
    bot_due_at = db.session.scalar(_TAKE, {"id": conversation_id, "token": token})
    if bot_due_at is None:
        return None
    conversation = db.session.get_one(Conversation, conversation_id, populate_existing=True)
    # The record begins here, so that a turn which breaks off leaves a trace too.
    record = BotTurn(conversation_id=conversation_id)
    db.session.add(record)
    db.session.flush()
    thread = _newest_messages(conversation_id)
    unanswered = read_unanswered(thread, _read_before(conversation_id), clock.now())
    record.input = "\n".join(unanswered.texts)
    business, lead = read_business(settings), _lead(conversation.lead_id)
    return Claim(
        conversation_id=conversation_id,
        lead_id=conversation.lead_id,
        token=token,
        turn_id=record.id,
        bot_due_at=bot_due_at,
        unanswered=unanswered,
        input=TurnInput(
            standing=read_standing(conversation, settings),
            texts=unanswered.texts,
            all_texts=unanswered.all_texts,
            things=unanswered.things,
            earlier=unanswered.earlier,
            is_stale=unanswered.is_stale,
            is_loop=is_loop(thread, clock.now()),
            attempts=conversation.turn_attempts,
            said_last_hour=_said_last_hour(conversation_id),
            was_fallback=_was_fallback(conversation_id, last_said(thread)),
            business_name=business.name,
            topics=tuple(knowledge.topics()),
            closed=_closed(business, clock.now()),
            talk=unanswered.talk,
            lead_status=lead.lead_status,
            customer_name=lead.customer_name,
        ),
    )


def read_standing(conversation: Conversation, settings: Settings) -> Standing:
    """Return who may speak now. The conversation must be locked and freshly read."""
    lead = select(Lead.opted_out_at, Lead.blocked_at).where(Lead.id == conversation.lead_id)
    opted_out_at, blocked_at = db.session.execute(lead).one()
    quiet_until = conversation.bot_quiet_until
    return Standing(
        epoch=conversation.owner_epoch,
        is_enabled=settings.bot_enabled and conversation.bot_enabled and blocked_at is None,
        is_quiet=quiet_until is not None and clock.now() < quiet_until,
        is_opted_out=opted_out_at is not None,
    )


def _lead(lead_id: int) -> Row[str, str | None]:
    return db.session.execute(select(Lead.lead_status, Lead.customer_name).where(Lead.id == lead_id)).one()


def _closed(business: Business, now: datetime) -> Closed | None:
    if business.is_open(now):
        return None
    return Closed(now.astimezone(business.zone), business.next_opening(now))


def _newest_messages(conversation_id: int) -> list[Message]:
    newest = (
        select(Message)
        .where(Message.conversation_id == conversation_id)
        .order_by(Message.timestamp.desc(), Message.id.desc())
        .limit(_NEWEST)
    )
    return list(reversed(db.session.scalars(newest).all()))


def _read_before(conversation_id: int) -> int:
    """Return the newest message that an earlier turn has dealt with, 0 without one."""
    of_conversation = BotTurn.conversation_id == conversation_id
    return db.session.scalar(select(func.max(BotTurn.read_up_to)).where(of_conversation)) or 0


def _said_last_hour(conversation_id: int) -> int:
    said = select(func.count()).where(
        Message.conversation_id == conversation_id,
        Message.timestamp > clock.now() - timedelta(hours=1),
        Message.author == "bot",
        Message.status != "cancelled",
    )
    return db.session.scalar(said) or 0


def _was_fallback(conversation_id: int, said: Message | None) -> bool:
    if said is None or said.author != "bot":
        return False
    decision = select(BotTurn.decision).where(
        BotTurn.conversation_id == conversation_id, BotTurn.message_id == said.id
    )
    return db.session.scalar(decision) == "fallback"
