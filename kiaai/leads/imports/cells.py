"""What the cells of one line say of a person, or why the line cannot be used. Pure."""

import re
from dataclasses import dataclass

from kiaai.errors import ValidationFailed
from kiaai.leads.finding import parse_phone
from kiaai.leads.imports.countries import with_country
from kiaai.leads.pipeline import NAME_LIMIT, NOTES_LIMIT, TAG_LIMIT, TAGS_LIMIT
from kiaai.leads.table import TOO_MANY_CELLS, UNREADABLE, Line
from kiaai.models.folding import folded
from kiaai.models.lead import LEAD_STATUSES
from kiaai.texts import Text, lazy
from kiaai.whatsapp.cleaning import clean_text, one_line
from kiaai.whatsapp.phone_numbers import match_key

NO_NUMBER = lazy("There is no phone number.")
NO_PHONE = lazy("The phone number is not a full number with its country code, such as +56 9 0000 0001.")
ROUNDED = lazy(
    "The spreadsheet has shortened this number (such as 5.69E+10) and its last digits are lost."
    " Format the column as text there, and enter the number again."
)
WRONG_STATUS = lazy("The status must be one of: unknown, potential client, customer, bad lead.")
LONG_NAME = lazy("The name has more than %(limit)s characters.", limit=NAME_LIMIT)
LONG_NOTES = lazy("The notes have more than %(limit)s characters.", limit=NOTES_LIMIT)
LONG_TAG = lazy("A tag has more than %(limit)s characters.", limit=TAG_LIMIT)
MANY_TAGS = lazy("There are more than %(limit)s tags.", limit=TAGS_LIMIT)
# Kept in English with each line; this finds the text again that knows the other languages.
REASONS: dict[str, Text] = {
    str(reason): reason
    for reason in (
        TOO_MANY_CELLS,
        UNREADABLE,
        NO_NUMBER,
        NO_PHONE,
        ROUNDED,
        WRONG_STATUS,
        LONG_NAME,
        LONG_NOTES,
        LONG_TAG,
        MANY_TAGS,
    )
}
# Address books copy a number with odd spaces and invisible marks of its direction; links and advertisements
# name its kind.
_AROUND_NUMBERS = re.compile(
    r"[\u2000-\u200f\u202a-\u202f\u205f-\u2069\ufeff]|^\s*(?:tel|p):(?=\s*\+?\d)", re.IGNORECASE
)
# Spreadsheets turn a column of numbers with a gap into fractions.
_FRACTION = re.compile(r"(\d+)[.,]0+")
_ROUNDED = re.compile(r"\d(?:[.,]\d*)?E\+?\d+", re.IGNORECASE)
_STATUSES = {name: name for name in LEAD_STATUSES} | {
    "desconocido": "unknown",
    "sin_estado": "unknown",
    "nuevo": "unknown",
    "new": "unknown",
    "potential": "potential_client",
    "potencial": "potential_client",
    "cliente_potencial": "potential_client",
    "potential_customer": "potential_client",
    "interesado": "potential_client",
    "prospecto": "potential_client",
    "client": "customer",
    "cliente": "customer",
    "bad": "bad_lead",
    "mal_contacto": "bad_lead",
    "mal_lead": "bad_lead",
    "descartado": "bad_lead",
}
# A tag with one of the separators in it stands in quotes, each quote of its own doubled.
_TAG = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=[,;|]|$)|([^,;|]+)')
_NEEDS_QUOTES = re.compile(r'[,;|"]')


@dataclass(frozen=True)
class Row:
    """What a line says of one person. None: the cell is empty or not there, so leave it as it is.

    phone: digits as written. key: the same for every form of the number.
    """

    line: int
    phone: str
    key: str
    name: str | None = None
    status: str | None = None
    notes: str | None = None
    tags: list[str] | None = None


@dataclass(frozen=True)
class Refused:
    """A line that was left out, and why. cells: as they stand in the file."""

    line: int
    reason: Text
    cells: tuple[str, ...] = ()


class _Unusable(Exception):
    def __init__(self, reason: Text):
        self.reason = reason


def read_line(line: Line, country: str = "") -> Row | Refused:
    """Return what the line says, or why it cannot be used. country: of numbers without `+`, such as `CL`."""
    try:
        return _row(line, country)
    except _Unusable as unusable:
        return Refused(line.number, unusable.reason, line.raw)


def written_tags(tags: list[str]) -> str:
    """Return the tags as one cell that reads as the same tags again."""
    return ", ".join(
        f'"{tag.replace(chr(34), chr(34) * 2)}"' if _NEEDS_QUOTES.search(tag) else tag for tag in tags
    )


def read_tags(cell: str) -> list[str]:
    """Return the tags of a cell, each once."""
    found = (
        match[1].replace('""', '"') if match[1] is not None else match[2] for match in _TAG.finditer(cell)
    )
    return list(dict.fromkeys(tag for word in found if (tag := " ".join(word.split()))))


def _row(line: Line, country: str) -> Row:
    if line.error:
        raise _Unusable(line.error)
    phone = _phone(line.cells.get("phone_number", ""), country)
    return Row(
        line=line.number,
        phone=phone,
        key=match_key(phone) or phone,
        name=_name(line.cells.get("customer_name", "")),
        status=_status(line.cells.get("lead_status", "")),
        notes=_notes(line.cells.get("notes", "")),
        tags=_tags(line.cells.get("tags", "")),
    )


def _phone(cell: str, country: str) -> str:
    cell = _AROUND_NUMBERS.sub("", cell.removeprefix("'")).strip()
    if not cell:
        raise _Unusable(NO_NUMBER)
    if _ROUNDED.fullmatch(cell):
        raise _Unusable(ROUNDED)
    number = _FRACTION.sub(r"\1", cell) if _FRACTION.fullmatch(cell) else cell
    try:
        return parse_phone(with_country(number, country))
    except ValidationFailed:
        raise _Unusable(NO_PHONE) from None


def _name(cell: str) -> str | None:
    name = one_line(clean_text(cell), NAME_LIMIT + 1)
    if len(name) > NAME_LIMIT:
        raise _Unusable(LONG_NAME)
    return name or None


def _status(cell: str) -> str | None:
    word = "_".join(folded(cell).replace("_", " ").split())
    if word and word not in _STATUSES:
        raise _Unusable(WRONG_STATUS)
    return _STATUSES.get(word)


def _notes(cell: str) -> str | None:
    notes = clean_text(cell).strip()
    if len(notes) > NOTES_LIMIT:
        raise _Unusable(LONG_NOTES)
    return notes or None


def _tags(cell: str) -> list[str] | None:
    tags = read_tags(clean_text(cell))
    if len(tags) > TAGS_LIMIT:
        raise _Unusable(MANY_TAGS)
    if any(len(tag) > TAG_LIMIT for tag in tags):
        raise _Unusable(LONG_TAG)
    return tags or None
