"""Search for people by name or number: one meaning of it for pages and API."""

import re
import unicodedata

from sqlalchemy import BindParameter, ColumnElement, or_

from kiaai.models import Lead
from kiaai.whatsapp.phone_numbers import digits_of

LONGEST = 100
# Fewer digits would find nearly everybody.
FEWEST_DIGITS = 3
LONGEST_ENDING = 8

# Both cases: some databases know no case beyond ASCII.
_FAMILIES = {
    "a": "aáàäâãAÁÀÄÂÃ",
    "e": "eéèëêEÉÈËÊ",
    "i": "iíìïîIÍÌÏÎ",
    "o": "oóòöôõOÓÒÖÔÕ",
    "u": "uúùüûUÚÙÜÛ",
    "n": "nñNÑ",
    "c": "cçCÇ",
}


def cleaned_search(typed: str | None) -> str:
    """Return what was typed into a search box, as it is looked for; empty: everybody."""
    return unicodedata.normalize("NFC", (typed or "").replace("\x00", "").strip()[:LONGEST])


def finds(q: str) -> ColumnElement[bool]:
    """Return the condition for leads whose name or number holds what is looked for."""
    return matches(name_pattern(q), number_digits(q))


def matches(
    pattern: str | BindParameter[str], digits: str | BindParameter[str] | None
) -> ColumnElement[bool]:
    """Return the condition for leads whose name fits the pattern or whose number holds the digits."""
    named = Lead.customer_name.regexp_match(pattern, flags="i")
    return named if digits is None else or_(named, Lead.phone_number.contains(digits))


def name_pattern(q: str) -> str:
    """Return a regular expression that takes every letter with or without its accent.

    PostgreSQL is ten times faster at this than at taking the accents off each name.
    """
    return "".join(_any_accent(character) for character in q)


def number_digits(q: str) -> str | None:
    """Return the digits that are looked for; None when this is no number or too little of one."""
    if any(map(str.isalpha, q)):
        return None
    digits = digits_of(q) or re.sub(r"\D", "", q)
    # A whole number may begin as it is dialled from abroad; the end of one may just begin with zeros.
    digits = digits.removeprefix("00") if len(digits) > LONGEST_ENDING else digits
    return digits if len(digits) >= FEWEST_DIGITS else None


def _any_accent(character: str) -> str:
    bare = unicodedata.normalize("NFD", character)[0]
    if family := _FAMILIES.get(bare.lower()):
        return f"[{family}]"
    # A backslash before a letter would mean something; before anything else it takes its meaning away.
    return character if character.isalnum() else f"\\{character}"
