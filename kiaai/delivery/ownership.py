"""Who speaks: a person or the bot. The owner epoch keeps the bot from talking over people."""

from datetime import datetime, timedelta

from sqlalchemy import text

from kiaai import clock
from kiaai.bot.unheard import is_consent_unread
from kiaai.delivery.lanes import refresh_due
from kiaai.delivery.showing import show_newest
from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation

# So long the bot keeps quiet after a person last wrote.
QUIET = timedelta(hours=12)

_CANCEL_BOT = text(
    "UPDATE messages SET status = 'cancelled', cancelled_at = clock_timestamp()"
    " WHERE conversation_id = :id AND author = 'bot' AND status = 'queued' RETURNING id"
)


def lock(conversation_id: int) -> Conversation:
    """Load the conversation and hold its row until the transaction ends."""
    return db.session.get_one(
        Conversation, conversation_id, with_for_update={"key_share": True}, populate_existing=True
    )


def take_over(conversation: Conversation, user_id: int | None = None) -> None:
    """Give the conversation to a person: the bot falls silent and what it had queued is cancelled."""
    conversation = lock(conversation.id)
    person_spoke(conversation, clock.now())
    conversation.assignee_id = user_id
    _record(conversation, "taken_over", user_id)
    conversation.version += 1


def hand_back(conversation: Conversation, user_id: int | None = None) -> None:
    """Give the conversation back to the bot; it answers from the next message on."""
    conversation = lock(conversation.id)
    conversation.bot_quiet_until = None
    conversation.assignee_id = None
    _record(conversation, "handed_back", user_id)
    conversation.version += 1


def set_bot_enabled(conversation: Conversation, enabled: bool, by: Actor | None = None) -> None:
    """Switch the bot on or off for this conversation; switching on also hands back.

    by: who does; nobody for the program itself.
    """
    conversation = lock(conversation.id)
    if conversation.bot_enabled != enabled:
        kind = "bot_on" if enabled else "bot_off"
        record(conversation.lead, kind, by or Actor("system"), conversation_id=conversation.id)
    conversation.bot_enabled = enabled
    if enabled:
        conversation.bot_quiet_until = None
    else:
        silence_bot(conversation)
    conversation.version += 1


def _record(conversation: Conversation, kind: str, user_id: int | None) -> None:
    actor = Actor("user" if user_id else "api", user_id=user_id)
    record(conversation.lead, kind, actor, conversation_id=conversation.id)


def person_spoke(conversation: Conversation, at: datetime) -> None:
    """Note that a person took the word, in the transaction that stores what they said. Needs the lock."""
    conversation.bot_quiet_until = at + QUIET
    silence_bot(conversation)


def silence_bot(conversation: Conversation) -> None:
    """End any turn of the bot under way and cancel what it has queued. Needs the lock."""
    conversation.owner_epoch += 1
    # A stop is heard whoever has the word: that turn only writes it down.
    if conversation.bot_due_at is not None and not is_consent_unread(conversation.id):
        conversation.bot_due_at = None
        conversation.bot_since_at = None
    cancel_bot(conversation)


def cancel_bot(conversation: Conversation) -> None:
    """Cancel what the bot has queued and nobody has begun to send. Needs the lock."""
    db.session.flush()
    if db.session.scalars(_CANCEL_BOT, {"id": conversation.id}).all():
        show_newest(conversation)
    refresh_due(conversation.id)
    db.session.expire(conversation, ["talk_due_at", "campaign_due_at"])
