"""Whose conversation it is. To assign somebody does not silence the bot; to take over does."""

from sqlalchemy import func, or_, select

from kiaai.extensions import db
from kiaai.inbox import bulk
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation, User
from kiaai.whatsapp.cleaning import clean_text

# With more people than these, the menu has a field to find them by.
FEW = 8
MOST_SHOWN = 50


def assign(conversation: Conversation, to_id: int | None, actor: Actor) -> None:
    """Give the conversation to a person, or to nobody. Raises ValidationFailed naming `user_id`."""
    bulk.assign([conversation.id], to_id, actor)


def find_team(words: str = "") -> list[User]:
    """Return the people who may be given a conversation, by name; words: a part of name or address."""
    name = func.lower(func.coalesce(func.nullif(User.name, ""), User.email))
    people = select(User).where(User.active).order_by(name, User.id).limit(MOST_SHOWN)
    if wanted := clean_text(words).strip().lower():
        places = (name, func.lower(User.email))
        people = people.where(or_(*(place.contains(wanted, autoescape=True) for place in places)))
    return list(db.session.scalars(people))


def is_large(team: list[User]) -> bool:
    return len(team) > FEW
