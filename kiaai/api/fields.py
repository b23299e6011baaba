"""Fields of the API: strict about types, and safe for the database whatever they carry."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Api
from marshmallow import ValidationError, fields, validate

from kiaai.errors import ValidationFailed
from kiaai.web.paging import Cursor, read_cursor
from kiaai.whatsapp.cleaning import clean_text


class Text(fields.String):
    """Text, free of what PostgreSQL cannot store."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return clean_text(super()._deserialize(value, attr, data, **kwargs))


class Truth(fields.Boolean):
    """`true` or `false`; not 1, "yes" or "on", which are slips."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Id(fields.Integer):
    """An id of ours: a whole number that the database can hold."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(1, 2**63 - 1), **options)


class Time(fields.DateTime):
    """RFC 3339 in UTC with `Z` and milliseconds."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return rfc3339(value)


class Place(fields.String):
    """The `next` of an earlier page, read as a cursor."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Cursor | None:  # type: ignore[override]  # a cursor, not its text
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return read_cursor(text)
        except ValidationFailed as refused:
            raise ValidationError(refused.fields["before"]) from None


def rfc3339(at: datetime | None) -> str | None:
    """Return the time as the API writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def describe_fields(api: Api) -> None:
    """Tell the description what the fields are in JSON."""
    api.register_field(Text, "string", None)
    api.register_field(Truth, "boolean", None)
    api.register_field(Time, "string", "date-time")
    api.register_field(Place, "string", None)
