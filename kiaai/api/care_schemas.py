"""What goes in and out about consent and erasure."""

from datetime import UTC

from marshmallow import Schema, validate
from marshmallow.fields import AwareDateTime, Dict, Integer, List, Nested, String

from kiaai.api.fields import Text, Time
from kiaai.api.schemas import LeadShape, nothing, said
from kiaai.leads.consents import KINDS, NOTE_LIMIT


class ConsentBody(Schema):
    """What a person said about being written to."""

    kind = String(required=True, validate=validate.OneOf(KINDS))
    said_at = AwareDateTime(
        load_default=nothing,
        default_timezone=UTC,
        metadata=said("When they said so, RFC 3339; now when it is absent."),
    )
    note = Text(
        load_default="",
        validate=validate.Length(max=NOTE_LIMIT),
        metadata=said("How it is known.", example="Signed at the counter"),
    )


class ConsentShape(Schema):
    """A dated fact: never changed, set right by a newer one."""

    id = Integer()
    kind = String(validate=validate.OneOf(KINDS))
    said_at = Time()
    by = String(metadata=said("customer, user, api, import or system."))
    by_name = String(allow_none=True, metadata=said("Which person of the team."))
    message_id = Integer(allow_none=True, metadata=said("Our id of the message that said it."))
    note = String()


class ConsentsAnswer(Schema):
    consents = List(Nested(ConsentShape))


class ConsentAnswer(ConsentsAnswer):
    lead = Nested(LeadShape)


class ErasedShape(Schema):
    """What was forgotten."""

    id = Integer(metadata=said("Of the erasure."))
    lead_id = Integer(metadata=said("Under which the lead was known; nobody has it now."))
    at = Time()
    counts = Dict(keys=String(), values=Integer(), metadata=said("How many of each thing went."))


class ErasedAnswer(Schema):
    erased = Nested(ErasedShape)
