"""What goes in and out of the routes of imports."""

from typing import Any

from marshmallow import Schema, ValidationError, validate
from marshmallow.fields import Boolean, Dict, Integer, List, Nested, String

from kiaai.api.fields import Text, Time
from kiaai.api.schemas import NEXT, nothing, said
from kiaai.leads.columns import COLUMNS
from kiaai.leads.imports.choosing import MOST_TAGS
from kiaai.leads.imports.countries import COUNTRIES
from kiaai.leads.imports.planning import WAYS
from kiaai.leads.pipeline import TAG_LIMIT
from kiaai.models.lead_care import IMPORT_STATES

# Another word for `leave`.
SKIP = "skip"


class Words(Text):
    """Several words with commas between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:  # type: ignore[override]  # a list, not its text
        text = super()._deserialize(value, attr, data, **kwargs)
        return [" ".join(word.split()) for word in text.split(",")]


class ImportHeaders(Schema):
    """What may come along with a file."""

    key = Text(
        data_key="Idempotency-Key",
        load_default=nothing,
        validate=validate.Length(min=1, max=200),
        metadata=said("The same key, file and options again give the first import and start no other."),
    )


def _check_columns(names: list[str]) -> None:
    if unknown := [name for name in names if name not in (*COLUMNS, "-", "")]:
        raise ValidationError(f"No such column: {unknown[0][:50]}. There are {', '.join(COLUMNS)}, and -.")


def _check_tags(tags: list[str]) -> None:
    if len(tags) > MOST_TAGS:
        raise ValidationError(f"At most {MOST_TAGS} tags.")
    if any(len(tag) > TAG_LIMIT for tag in tags):
        raise ValidationError(f"At most {TAG_LIMIT} characters each.")


class ImportOptions(Schema):
    """How a file is to be read and saved: in the address, or as fields beside the file."""

    columns = Words(
        validate=_check_columns,
        metadata=said(
            f"What the columns hold, from the left, with commas: {', '.join(COLUMNS)}, or `-` for nothing."
            " Default: told by their names, or by what is in them.",
            example="customer_name,-,phone_number",
        ),
    )
    country = Text(
        load_default="",
        validate=validate.OneOf(("", *sorted(COUNTRIES))),
        metadata=said("Of numbers without `+`, such as `CL` or `MX`."),
    )
    tags = Words(
        load_default=list, validate=_check_tags, metadata=said("For every lead of the file, with commas.")
    )
    known = Text(
        load_default="fill",
        validate=validate.OneOf((*WAYS, SKIP)),
        metadata=said(
            "Of people who are there: `fill` what is empty, `overwrite`, or `leave` them alone (also `skip`)."
        ),
    )
    dry_run = Boolean(
        load_default=False,
        metadata=said("Only look: the import waits in `preview` for a day, and is started or deleted."),
    )
    name = Text(
        load_default="",
        validate=validate.Length(max=200),
        metadata=said("What the file is called, where it does not say so itself."),
    )


class ImportCounts(Schema):
    """Lines by what became of them, or in a preview what would."""

    created = Integer()
    changed = Integer()
    unchanged = Integer()
    refused = Integer()


class ImportShape(Schema):
    """An import."""

    id = Integer()
    kind = String(metadata=said("`leads`, or `chat` for a talk exported from WhatsApp."))
    state = String(validate=validate.OneOf(IMPORT_STATES))
    file_name = String()
    columns = List(String(), metadata=said("What each column is read as; `-` is left out."))
    country = String()
    tags = List(String())
    known = String()
    total = Integer(metadata=said("Lines of the file."))
    done = Integer(metadata=said("Lines done, also while it is undone."))
    counts = Nested(ImportCounts, allow_none=True, metadata=said("In a list null for a preview."))
    error = String(allow_none=True, metadata=said("Why it stopped."))
    created_at = Time()
    finished_at = Time(allow_none=True)
    links = Dict(
        keys=String(), values=String(), metadata=said("What can be done with it now: `self`, `start` ...")
    )


class ImportAnswer(Schema):
    import_ = Nested(ImportShape, data_key="import")


class ImportsAnswer(Schema):
    imports = List(Nested(ImportShape))
    next = NEXT


class RefusedLine(Schema):
    """A line that was, or would be, left out."""

    line = Integer(metadata=said("The line of the file on which it begins, from 1."))
    reason = String(metadata=said("In the language of `Accept-Language` (`en` or `es`)."))
    cells = List(String(), metadata=said("As they stand in the file."))


class ImportResultAnswer(ImportAnswer):
    refused = List(Nested(RefusedLine))
    next = NEXT
