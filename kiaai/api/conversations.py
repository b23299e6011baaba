"""`/api/conversations`: the list, one with its messages, its bot, whose it is, and where it stands."""

from typing import Any, cast

from flask import current_app

from kiaai import clock
from kiaai.accounts.passwords import find_by_email
from kiaai.api import desk_schemas, queries, schemas
from kiaai.api.authentication import caller, require_caller
from kiaai.api.loading import conversation_or_404, find_channel
from kiaai.api.routing import PHONE, Routes
from kiaai.api.shapes import Shape, conversation_shape, lead_shape, message_shape
from kiaai.business import business
from kiaai.config import Settings
from kiaai.delivery.ownership import set_bot_enabled
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox import assigning, closing, snoozing
from kiaai.models import Conversation
from kiaai.texts import lazy
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


@bp.route("/<phone>/assignee", methods=["PUT"], parameters=[PHONE])
@bp.arguments(schemas.ChannelQuery, location="query")
@bp.arguments(desk_schemas.AssigneeBody)
@bp.response(200, desk_schemas.DeskAnswer)
@bp.errors(403, 404, 413)
def assign(query: dict[str, Any], body: dict[str, Any], phone: str) -> Shape:
    """Give a conversation to a person of the team, or to nobody; the bot goes on answering."""
    conversation = conversation_or_404(phone, find_channel(query["channel"], "channel"))
    assigning.assign(conversation, _person(body), caller().actor)
    db.session.commit()
    return {"conversation": _desk_shape(conversation)}


@bp.route("/<phone>/state", methods=["PUT"], parameters=[PHONE])
@bp.arguments(schemas.ChannelQuery, location="query")
@bp.arguments(desk_schemas.StateBody)
@bp.response(200, desk_schemas.DeskAnswer)
@bp.errors(403, 404, 413)
def set_state(query: dict[str, Any], body: dict[str, Any], phone: str) -> Shape:
    """Close a conversation, put it aside until a moment, or open it; the next message opens it too."""
    conversation = conversation_or_404(phone, find_channel(query["channel"], "channel"))
    actor = caller().actor
    if body["state"] == "snoozed":
        settings: Settings = current_app.extensions["settings"]
        until = snoozing.moment(body["until"], clock.now(), business(settings).zone)
        snoozing.snooze(conversation, until, actor)
    elif body["state"] == "closed":
        closing.close(conversation, actor)
    elif conversation.state == "snoozed":
        snoozing.wake(conversation, actor)
    else:
        closing.reopen(conversation, actor)
    db.session.commit()
    return {"conversation": _desk_shape(conversation)}


def _person(body: dict[str, Any]) -> int | None:
    """Return the id that the body means, by number or by address. Raises ValidationFailed."""
    if "user_id" in body:
        return cast("int | None", body["user_id"])
    person = find_by_email(body["email"])
    if person is None:
        reason = lazy("There is no such person in the team.")
        raise ValidationFailed(reason, {"email": [reason]})
    return person.id


def _desk_shape(conversation: Conversation) -> Shape:
    person = conversation.assignee
    return {
        **_shape(conversation),
        "state": conversation.state,
        "snoozed_until": conversation.snoozed_until if conversation.state == "snoozed" else None,
        "assignee": {"id": person.id, "name": person.display_name} if person else None,
    }


def _shape(conversation: Conversation) -> Shape:
    settings: Settings = current_app.extensions["settings"]
    return conversation_shape(conversation, clock.now(), settings.bot_enabled)
