"""What the knowledge base has for a turn, and what is left of the model's budget."""

from datetime import datetime

from sqlalchemy import func, select

from kiaai import clock
from kiaai.bot import knowledge
from kiaai.bot.deciding import customer_language
from kiaai.bot.turn import Found, Passage, TurnInput
from kiaai.business import read_business
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import BotTurn


def find(turn: TurnInput) -> Found:
    """Return the articles for the words of a turn."""
    language = customer_language(turn)
    passages = tuple(knowledge.search("\n".join(turn.texts), language))
    return Found(passages, () if passages else _nearby(turn, language))


def tokens_left(conversation_id: int, settings: Settings) -> int:
    """Return how many tokens the conversation may still use today, on the calendar of the business."""
    now = clock.now().astimezone(read_business(settings).zone)
    midnight = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo)
    spent = select(func.coalesce(func.sum(BotTurn.tokens_in + BotTurn.tokens_out), 0)).where(
        BotTurn.conversation_id == conversation_id, BotTurn.started_at >= midnight
    )
    return settings.llm_daily_tokens - int(db.session.scalar(spent) or 0)


def _nearby(turn: TurnInput, language: str | None) -> tuple[Passage, ...]:
    """Return what "and on Saturdays?" is about: it takes the words before to tell."""
    if not turn.earlier:
        return ()
    return tuple(knowledge.search("\n".join([turn.earlier[-1], *turn.texts]), language))
