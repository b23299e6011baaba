"""What goes in and out of merges."""

from marshmallow import Schema, validate
from marshmallow.fields import Integer, List, Nested, String

from kiaai.api.fields import Text
from kiaai.api.schemas import LeadAnswer, LeadShape, said
from kiaai.leads.duplicates import REASONS


class MergeBody(Schema):
    """Who is the same person."""

    other = Text(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata=said(
            "Whose messages and history come over: a number, `id:<lead id>`, or a business-scoped id.",
            example="+56900000002",
        ),
    )


class MergeAnswer(LeadAnswer):
    merge_id = Integer(metadata=said("Takes the merge back: `DELETE /leads/{phone}/merges/{id}`."))


class UndoneAnswer(LeadAnswer):
    other = Nested(LeadShape)
    left = List(String(), metadata=said("What could not be taken apart any more, in words."))


class DuplicateShape(Schema):
    """Somebody who may be the same person."""

    lead = Nested(LeadShape)
    reason = String(
        validate=validate.OneOf(list(REASONS)),
        metadata=said("`whatsapp`: named both as one. `number`, `number_form`: written differently. `name`."),
    )
    sureness = String(validate=validate.OneOf(("sure", "likely", "possible")))


class DuplicatesAnswer(Schema):
    duplicates = List(Nested(DuplicateShape))
