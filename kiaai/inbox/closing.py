"""Close a conversation that is done, and open it again."""

from kiaai.delivery.ownership import lock
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation


def close(conversation: Conversation, actor: Actor) -> None:
    """Put the conversation away; closing twice changes nothing. The next message opens it again."""
    _set_state(conversation, "closed", "closed", actor)


def reopen(conversation: Conversation, actor: Actor) -> None:
    """Take the conversation back to the list; an open one stays as it is."""
    _set_state(conversation, "open", "reopened", actor)


def _set_state(conversation: Conversation, state: str, event: str, actor: Actor) -> None:
    conversation = lock(conversation.id)
    if conversation.state == state:
        return
    conversation.state = state
    conversation.snoozed_until = None
    conversation.version += 1
    record(conversation.lead, event, actor, conversation_id=conversation.id)
