"""`/api/conversations`: the list, one with its messages, and its bot."""

from typing import Any

from flask import current_app

from kiaai import clock
from kiaai.api import queries, schemas
from kiaai.api.authentication import caller, require_caller
from kiaai.api.loading import conversation_or_404, find_channel
from kiaai.api.routing import PHONE, Routes
from kiaai.api.shapes import Shape, conversation_shape, lead_shape, message_shape
from kiaai.config import Settings
from kiaai.delivery.ownership import set_bot_enabled
from kiaai.extensions import db
from kiaai.models import Conversation
from kiaai.web.languages import asked_language

bp = Routes("Conversations", __name__, url_prefix="/api/conversations", description="Who wrote, and what")
require_caller(bp)


@bp.route("")
@bp.arguments(schemas.ConversationsQuery, location="query")
@bp.response(200, schemas.ConversationsAnswer)
@bp.errors()
def list_conversations(query: dict[str, Any]) -> Shape:
    """List conversations, newest first."""
    page = queries.list_conversations(query["q"], query["limit"], query["before"])
    return {
        "conversations": [_shape(conversation) for conversation in page.rows],
        "total": queries.count_conversations(query["q"]),
        "next": page.next,
    }


@bp.route("/<phone>", parameters=[PHONE])
@bp.arguments(schemas.MessagesQuery, location="query")
@bp.response(200, schemas.ThreadAnswer)
@bp.errors(404)
def show_conversation(query: dict[str, Any], phone: str) -> Shape:
    """Show a conversation with its lead and messages

    The newest page comes first, oldest first within a page. Reading here marks nothing as read. Errors are
    explained in the language of `Accept-Language`: `en` (the default) or `es`.
    """
    conversation = conversation_or_404(phone, find_channel(query["channel"], "channel"))
    page = queries.list_messages(conversation.id, query["limit"], query["before"])
    language = asked_language()
    return {
        "conversation": _shape(conversation),
        "lead": lead_shape(conversation.lead),
        "messages": [message_shape(message, language) for message in page.rows],
        "next": page.next,
    }


@bp.route("/<phone>/bot", methods=["PUT"], parameters=[PHONE])
@bp.arguments(schemas.ChannelQuery, location="query")
@bp.arguments(schemas.BotBody)
@bp.response(200, schemas.ConversationAnswer)
@bp.errors(403, 404, 413)
def set_bot(query: dict[str, Any], body: dict[str, Any], phone: str) -> Shape:
    """Switch the bot on or off for a conversation; on also hands it back."""
    conversation = conversation_or_404(phone, find_channel(query["channel"], "channel"))
    set_bot_enabled(conversation, body["bot_enabled"], caller().actor)
    db.session.commit()
    return {"conversation": _shape(conversation)}


def _shape(conversation: Conversation) -> Shape:
    settings: Settings = current_app.extensions["settings"]
    return conversation_shape(conversation, clock.now(), settings.bot_enabled)
