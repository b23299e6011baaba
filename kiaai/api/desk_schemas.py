"""What goes in and out of the routes that say whose a conversation is and where it stands."""

from typing import Any

from marshmallow import Schema, ValidationError, validate, validates_schema
from marshmallow.fields import Integer, Nested, String

from kiaai.api.fields import Id, Text, Time
from kiaai.api.schemas import ConversationShape, said

CONVERSATION_STATES = ("open", "snoozed", "closed")


class AssigneeBody(Schema):
    """Whose a conversation is to be: either of the two."""

    user_id = Id(allow_none=True, metadata=said("Of a person of the team; null for nobody."))
    email = Text(metadata=said("The address by which the person signs in.", example="bob@example.com"))

    @validates_schema
    def _one_is_named(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Send either user_id or email.", "user_id")


class StateBody(Schema):
    """Where a conversation is to stand in the list."""

    state = Text(required=True, validate=validate.OneOf(CONVERSATION_STATES))
    until = Text(
        metadata=said(
            "With `snoozed`: when it comes back, RFC 3339, or `later`, `tomorrow`, `monday`."
            " A time without its zone is that of the business.",
            example="2026-12-01T09:00:00-03:00",
        )
    )

    @validates_schema
    def _moment_belongs_to_snoozed(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if ("until" in data) != (data.get("state") == "snoozed"):
            raise ValidationError("Belongs to the state snoozed, and only to that.", "until")


class AssigneeShape(Schema):
    """A person of the team."""

    id = Integer()
    name = String()


class DeskShape(ConversationShape):
    """A conversation with where it stands on the team's desk."""

    state = String(validate=validate.OneOf(CONVERSATION_STATES))
    snoozed_until = Time(allow_none=True, metadata=said("When it comes back by itself."))
    assignee = Nested(AssigneeShape, allow_none=True, metadata=said("Whose it is; null: nobody's."))


class DeskAnswer(Schema):
    conversation = Nested(DeskShape)
