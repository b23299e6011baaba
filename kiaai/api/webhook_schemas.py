"""What goes in and out of the routes of webhooks."""

from marshmallow import Schema, validate
from marshmallow.fields import Boolean, Dict, Integer, List, Nested, String

from kiaai.api.fields import Text, Time, Truth
from kiaai.api.schemas import NEXT, said
from kiaai.models.outgoing_webhook import OUTGOING_EVENTS

EVENTS = List(
    Text(validate=validate.OneOf(OUTGOING_EVENTS)),
    required=True,
    validate=validate.Length(min=1),
    metadata=said("What it is told of."),
)


class WebhookBody(Schema):
    """A program that wants to know."""

    url = Text(
        required=True,
        metadata=said("Takes a POST; not inside a private network.", example="https://example.com/kia-ai"),
    )
    events = EVENTS


class WebhookChange(Schema):
    """What may be changed about a webhook. Absent: unchanged."""

    url = Text(metadata=said("Takes a POST; not inside a private network. What waits goes there too."))
    events = List(
        Text(validate=validate.OneOf(OUTGOING_EVENTS)),
        validate=validate.Length(min=1),
        metadata=said("What it is told of, in place of the former."),
    )
    is_active = Truth(metadata=said("False pauses it."))


class WebhookShape(Schema):
    """A webhook."""

    id = Integer()
    url = String()
    events = List(String())
    is_active = Boolean(metadata=said("False while it is paused: nothing is told then."))
    last_success_at = Time(allow_none=True, metadata=said("When it last received something, within 10 s."))
    failing_since = Time(allow_none=True, metadata=said("Since when every try has failed."))
    waiting = Integer(metadata=said("Deliveries that wait, counted up to 1,001."))
    created_at = Time()


class WebhooksAnswer(Schema):
    webhooks = List(Nested(WebhookShape))


class WebhookAnswer(Schema):
    webhook = Nested(WebhookShape)


class NewWebhookAnswer(WebhookAnswer):
    secret = String(metadata=said("Signs each delivery. Told only here."))


class DeliveryShape(Schema):
    """One event for one webhook."""

    id = Integer()
    key = String(metadata=said("The same on every try; also the header `Kiaai-Delivery`."))
    event = String()
    state = String(validate=validate.OneOf(("due", "delivered", "failed")))
    tries = Integer()
    status = Integer(allow_none=True, metadata=said("What the receiver last answered, as an HTTP status."))
    error = String(allow_none=True, metadata=said("Why the last try failed."))
    created_at = Time()
    next_try_at = Time(allow_none=True)
    settled_at = Time(allow_none=True)
    data = Dict(metadata=said("What is told."))


class DeliveriesAnswer(Schema):
    deliveries = List(Nested(DeliveryShape))
    next = NEXT


class DeliveryAnswer(Schema):
    delivery = Nested(DeliveryShape)
