"""What goes in and out: checked, written and described by the same schemas."""

from typing import Any

from marshmallow import Schema, ValidationError, validate, validates_schema
from marshmallow.fields import Boolean, Dict, Integer, List, Nested, String

from kiaai.api.fields import Place, Text, Time, Truth
from kiaai.leads.pipeline import NOTES_LIMIT
from kiaai.models.lead import LEAD_STATUSES
from kiaai.models.message import STATUSES, TEXT_LIMIT
from kiaai.web.paging import DEFAULT_LIMIT, LARGEST_LIMIT

QUERY_LIMIT = 100


def nothing() -> None:
    """Stand for a parameter that was not given. A function, so that the description names no default."""


def said(text: str, **more: Any) -> dict[str, Any]:
    """Return what the reference says of a field."""
    return {"description": text, **more}


class PageQuery(Schema):
    """Which part of a list."""

    limit = Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, LARGEST_LIMIT),
        metadata=said(f"1 to {LARGEST_LIMIT}, {DEFAULT_LIMIT} by default."),
    )
    before = Place(load_default=nothing, metadata=said("The `next` of the page before."))


class ConversationsQuery(PageQuery):
    """Which conversations."""

    q = Text(
        load_default="", validate=validate.Length(max=QUERY_LIMIT), metadata=said("Part of a name or number.")
    )


class ChannelQuery(Schema):
    """Which of several WhatsApp numbers."""

    channel = Text(
        load_default=nothing,
        metadata=said(
            "The phone number id, or the number, of the channel. Default: the newest conversation."
        ),
    )


class MessagesQuery(ChannelQuery, PageQuery):
    """Which messages of a conversation."""


class LeadsQuery(PageQuery):
    """Which leads."""

    status = String(load_default=nothing, validate=validate.OneOf(LEAD_STATUSES))
    q = Text(
        load_default="", validate=validate.Length(max=QUERY_LIMIT), metadata=said("Part of a name or number.")
    )


class SendHeaders(Schema):
    """What may come along with a message."""

    key = Text(
        data_key="Idempotency-Key",
        load_default=nothing,
        validate=validate.Length(min=1, max=200),
        metadata=said("The same key and body again give the first message and send nothing."),
    )


class SendBody(Schema):
    """A message to send."""

    to = Text(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata=said(
            "A number with country code, `id:<lead id>`, or a business-scoped id.", example="+56900000001"
        ),
    )
    message = Text(
        required=True,
        metadata=said(f"1 to {TEXT_LIMIT:,} characters.", minLength=1, maxLength=TEXT_LIMIT, pattern=r"\S"),
    )
    sender = Text(
        data_key="from",
        load_default=nothing,
        allow_none=True,
        metadata=said("The phone number id, or the number, to send from. Default: where they last wrote."),
    )
    keep_bot = Truth(load_default=False, metadata=said("Leave the conversation with the bot."))

    @validates_schema
    def _message_fits(self, data: dict[str, Any], **_kwargs: Any) -> None:
        # Checked before anything is made: a refused text must leave no lead behind.
        length = len(data["message"].strip())
        if not 1 <= length <= TEXT_LIMIT:
            raise ValidationError(f"Must have 1 to {TEXT_LIMIT:,} characters, not {length:,}.", "message")


class BotBody(Schema):
    """Whether the bot answers."""

    bot_enabled = Truth(required=True)


class StatusBody(Schema):
    """Where a lead stands."""

    lead_status = Text(required=True, validate=validate.OneOf(LEAD_STATUSES))
    notes = Text(
        validate=validate.Length(max=NOTES_LIMIT), metadata=said("Absent: unchanged. Empty: taken away.")
    )


class LeadBody(Schema):
    """What may be changed about a lead. Absent: unchanged."""

    customer_name = Text(allow_none=True, metadata=said("Empty or null: taken away."))
    notes = Text(validate=validate.Length(max=NOTES_LIMIT), metadata=said("Empty: taken away."))
    tags = List(Text(), metadata=said("In place of the former ones."))


class NewLeadBody(LeadBody):
    """A new lead."""

    phone_number = Text(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata=said("With its country code, in any form.", example="+56900000001"),
    )
    lead_status = Text(validate=validate.OneOf(LEAD_STATUSES))


class MessageErrorShape(Schema):
    """Why a message failed, and what to do, in the language of `Accept-Language` (`en` or `es`)."""

    code = Integer(allow_none=True, metadata=said("WhatsApp's own code; null when it gave none."))
    title = String()
    message = String(metadata=said("WhatsApp's own words, or the cause."))
    next_step = String()


class MessageShape(Schema):
    """A message."""

    id = Integer()
    message_id = String(allow_none=True, metadata=said("WhatsApp's id; null until it was accepted."))
    direction = String(validate=validate.OneOf(("incoming", "outgoing")))
    kind = String(metadata=said("WhatsApp's own type name.", example="text"))
    message_text = String(allow_none=True)
    timestamp = Time()
    status = String(validate=validate.OneOf(STATUSES))
    author = String()
    error = Nested(MessageErrorShape, allow_none=True)


class ConversationShape(Schema):
    """A conversation as the list shows it."""

    id = Integer()
    phone_number = String(allow_none=True)
    customer_name = String(allow_none=True)
    last_message = String()
    last_message_at = Time()
    last_direction = String(allow_none=True, validate=validate.OneOf(("incoming", "outgoing")))
    unread_count = Integer()
    lead_status = String(validate=validate.OneOf(LEAD_STATUSES))
    bot_enabled = Boolean(metadata=said("Whether the bot would answer the next message."))
    window_expires_at = Time(allow_none=True, metadata=said("Until when free text may be sent."))


class LeadShape(Schema):
    """A lead."""

    id = Integer()
    phone_number = String(allow_none=True)
    customer_name = String(allow_none=True)
    lead_status = String(validate=validate.OneOf(LEAD_STATUSES))
    first_contact_at = Time()
    last_contact_at = Time()
    notes = String()
    tags = List(String())


class EventShape(Schema):
    """A line of a lead's history."""

    id = Integer()
    kind = String(metadata=said("What changed.", example="status"))
    old = String(allow_none=True)
    new = String(allow_none=True)
    by = String(metadata=said("user, bot, api, import, customer or system."))
    by_name = String(allow_none=True, metadata=said("Which person or key."))
    at = Time()


NEXT = String(allow_none=True, metadata=said("Pass it as `before`; null at the end."))


class ConversationsAnswer(Schema):
    conversations = List(Nested(ConversationShape))
    total = Integer(metadata=said("Exact up to 1,000, above that at most 10 seconds old."))
    next = NEXT


class ConversationAnswer(Schema):
    conversation = Nested(ConversationShape)


class ThreadAnswer(Schema):
    conversation = Nested(ConversationShape)
    lead = Nested(LeadShape)
    messages = List(Nested(MessageShape))
    next = NEXT


class SentAnswer(Schema):
    success = Boolean()
    message = Nested(MessageShape)
    warning = String(metadata=said("`opted_out` when this person asked for no more advertising."))


class LeadsAnswer(Schema):
    leads = List(Nested(LeadShape))
    next = NEXT


class LeadAnswer(Schema):
    lead = Nested(LeadShape)


class LeadHistoryAnswer(LeadAnswer):
    history = List(Nested(EventShape))


class ErrorContent(Schema):
    code = String(
        validate=validate.OneOf(
            (
                "unauthorized",
                "forbidden",
                "csrf_failed",
                "not_found",
                "validation_failed",
                "window_closed",
                "opted_out",
                "idempotency_key_reused",
                "too_large",
                "rate_limited",
                "unavailable",
            )
        )
    )
    message = String()
    reasons = Dict(
        data_key="fields",
        keys=String(),
        values=List(String()),
        metadata=said("Reasons by the name of the field."),
    )


class ErrorAnswer(Schema):
    error = Nested(ErrorContent)
