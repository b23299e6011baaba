"""What goes in and out of the routes for many leads at once."""

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, validate, validates_schema
from marshmallow.fields import Boolean, Integer, List, Nested

from kiaai.api.fields import Id, Text
from kiaai.api.schemas import QUERY_LIMIT, said
from kiaai.leads.bulk import MOST_AT_ONCE
from kiaai.leads.filters import NOBODY
from kiaai.leads.pipeline import TAG_LIMIT
from kiaai.models.lead import LEAD_STATUSES, ORIGINS


def _check_day(text: str) -> None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValidationError("Must be a day, such as 2026-11-23.") from None
    if not 1900 <= day.year <= 9000:
        raise ValidationError("Must be a day between 1900 and 9000.")


def _check_owner(text: str) -> None:
    if text != NOBODY and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError(f"Must be the id of a person of the team, or {NOBODY}.")


def _day(words: str) -> Text:
    return Text(validate=_check_day, metadata=said(words, example="2026-11-23"))


class PeopleFilterQuery(Schema):
    """Which leads: those of whom all of it is true, as on the page of people."""

    q = Text(validate=validate.Length(max=QUERY_LIMIT), metadata=said("Part of a name or number."))
    status = Text(validate=validate.OneOf(LEAD_STATUSES))
    tag = Text(validate=validate.Length(max=TAG_LIMIT))
    source = Text(validate=validate.OneOf(ORIGINS), metadata=said("How they came."))
    owner = Text(
        validate=_check_owner, metadata=said(f"Whose their newest conversation is: an id, or `{NOBODY}`.")
    )
    last_from = _day("Last contact on this day or later, in the zone of the business.")
    last_to = _day("Last contact on this day or before.")
    first_from = _day("First contact on this day or later.")
    first_to = _day("First contact on this day or before.")


class ExportQuery(PeopleFilterQuery):
    """Which leads, and how they are written."""

    bom = Boolean(load_default=False, metadata=said("Begin with the mark by which Excel knows UTF-8."))


class ChangeBody(Schema):
    """What is done to each. At least one of these."""

    lead_status = Text(validate=validate.OneOf(LEAD_STATUSES))
    add_tags = List(Text(), metadata=said("To those who do not have them."))
    remove_tags = List(Text(), metadata=said("From those who have them."))
    assignee_id = Id(
        allow_none=True,
        metadata=said("Gives the newest conversation of each to this person of the team; null to nobody."),
    )

    @validates_schema
    def _something_is_wanted(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data:
            raise ValidationError("Say what to change.", "change")


class BulkBody(Schema):
    """Several leads, and what is done to them. Either ids or filter."""

    ids = List(
        Id(), validate=validate.Length(1, MOST_AT_ONCE), metadata=said(f"Of leads, up to {MOST_AT_ONCE}.")
    )
    filter = Nested(
        PeopleFilterQuery, metadata=said(f"Those it lets through; more than {MOST_AT_ONCE} are refused.")
    )
    change = Nested(ChangeBody, required=True)

    @validates_schema
    def _one_way_to_say_who(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if ("ids" in data) == ("filter" in data):
            raise ValidationError("Send either ids or filter.", "ids")


class BulkAnswer(Schema):
    matched = Integer(metadata=said("How many leads were meant."))
    changed = List(Integer(), metadata=said("The ids of those that are different now."))
    without_conversation = Integer(metadata=said("To how many nothing could be assigned."))
