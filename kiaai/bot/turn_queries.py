"""Reads of the records of turns: one, that of a bubble, and the last ones of a conversation."""

from collections.abc import Sequence

from sqlalchemy import select

from kiaai.errors import NotFound
from kiaai.extensions import db
from kiaai.models import BotTurn, Conversation, Message
from kiaai.texts import lazy

MOST_SHOWN = 50
_GONE = lazy("This record is not kept any more: its person may have asked to be forgotten.")


def get_turn(turn_id: int) -> BotTurn:
    """Return a turn. Raises NotFound, also where its person asked to be forgotten."""
    turn = db.session.get(BotTurn, turn_id)
    if turn is None:
        raise NotFound(_GONE)
    return turn


def turn_of_message(message_id: int) -> BotTurn:
    """Return the turn that said a message. Raises NotFound."""
    turn = db.session.scalar(select(BotTurn).where(BotTurn.message_id == message_id).limit(1))
    if turn is None:
        raise NotFound(_GONE)
    return turn


def get_conversation(conversation_id: int) -> Conversation:
    """Return a conversation. Raises NotFound."""
    conversation = db.session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound(lazy("This conversation does not exist any more."))
    return conversation


def turns_of(conversation_id: int, before: int | None = None) -> Sequence[BotTurn]:
    """Return the turns of a conversation, the newest first. before: an id; only older ones."""
    found = select(BotTurn).where(BotTurn.conversation_id == conversation_id)
    if before is not None:
        found = found.where(BotTurn.id < before)
    return db.session.scalars(found.order_by(BotTurn.id.desc()).limit(MOST_SHOWN)).all()


def message_of(turn: BotTurn) -> Message | None:
    """Return what the turn said, as it stands in the thread."""
    return db.session.get(Message, turn.message_id) if turn.message_id else None
