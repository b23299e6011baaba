"""How urgent a conversation is: high ones stand first in the list."""

from kiaai.delivery.ownership import lock
from kiaai.errors import ValidationFailed
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation
from kiaai.models.conversation import PRIORITIES
from kiaai.texts import Text, lazy

PRIORITY_NAMES: dict[str, Text] = {"high": lazy("High"), "normal": lazy("Normal"), "low": lazy("Low")}


def set_priority(conversation: Conversation, priority: str, user_id: int) -> None:
    """Give the conversation a priority; the same one twice changes nothing. Raises ValidationFailed."""
    if priority not in PRIORITIES:
        reason = lazy("Must be one of: %(names)s.", names=", ".join(PRIORITIES))
        raise ValidationFailed(reason, {"priority": [reason]})
    conversation = lock(conversation.id)
    if conversation.priority == priority:
        return
    former, conversation.priority = conversation.priority, priority
    conversation.version += 1
    actor = Actor("user", user_id)
    record(conversation.lead, "priority", actor, old=former, new=priority, conversation_id=conversation.id)
