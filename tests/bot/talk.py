"""What bot tests share: a customer who writes, and a look at what the bot has queued."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import func, select

from kiaai import clock
from kiaai.bot.llm import LanguageModel
from kiaai.bot.manager import ConversationManager
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import BotTurn, Conversation, Lead, LeadEvent, Message


class Bot:
    """The bot as a worker runs it: each turn in an app context, and so in a session, of its own."""

    def __init__(self, app: Flask, settings: Settings, model: LanguageModel | None = None):
        self.app = app
        self.manager = ConversationManager(settings, model)

    def turn(self, conversation_id: int) -> None:
        with self.app.app_context():
            self.manager.turn(conversation_id)
        db.session.expire_all()


def say(
    conversation: Conversation,
    text: str | None,
    *,
    kind: str = "text",
    payload: dict[str, Any] | None = None,
    minutes_ago: float = 0,
) -> Message:
    """Let the customer write, so that the bot's turn is due now."""
    at = clock.now() - timedelta(minutes=minutes_ago)
    message = Message(
        conversation_id=conversation.id,
        kind=kind,
        text=text,
        payload=payload or {},
        message_id=f"wamid.{uuid4().hex}",
        timestamp=at,
    )
    db.session.add(message)
    conversation.last_inbound_at = at
    conversation.unread_count += 1
    conversation.bot_due_at = db.session.scalars(select(func.clock_timestamp())).one()
    conversation.bot_since_at = conversation.bot_since_at or conversation.bot_due_at
    db.session.commit()
    return message


def said(conversation: Conversation) -> list[str]:
    """Return what the bot has said, or is about to say, oldest first."""
    rows = select(Message.text).where(
        Message.conversation_id == conversation.id, Message.author == "bot", Message.status != "cancelled"
    )
    return [text or "" for text in db.session.scalars(rows.order_by(Message.id))]


def turns(conversation: Conversation) -> list[tuple[str, str | None]]:
    """Return decision and reason of each turn, oldest first."""
    rows = select(BotTurn.decision, BotTurn.reason).where(BotTurn.conversation_id == conversation.id)
    return [(row.decision, row.reason) for row in db.session.execute(rows.order_by(BotTurn.id))]


def events(conversation: Conversation) -> list[str]:
    rows = select(LeadEvent.kind).where(LeadEvent.lead_id == conversation.lead_id).order_by(LeadEvent.id)
    return list(db.session.scalars(rows))


def newest_turn() -> BotTurn:
    return db.session.query(BotTurn).order_by(BotTurn.id.desc()).limit(1).one()


def lead_of(conversation: Conversation) -> Lead:
    return db.session.get_one(Lead, conversation.lead_id, populate_existing=True)


def reread(conversation: Conversation) -> Conversation:
    return db.session.get_one(Conversation, conversation.id, populate_existing=True)
