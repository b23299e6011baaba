"""What is looked for when somebody searches for a name or number: one meaning of it for pages and API."""

import re
import unicodedata

from kiaai.models.folding import ACCENTED, BARE, folded
from kiaai.whatsapp.phone_numbers import digits_of

LONGEST = 100
# Fewer digits would find nearly everybody.
FEWEST_DIGITS = 3
LONGEST_ENDING = 8
PIECE = 3

# Both cases: some databases know no case beyond ASCII.
_FAMILIES = {
    bare: bare + bare.upper() + "".join(c for c, its in zip(ACCENTED, BARE, strict=True) if its == bare)
    for bare in set(BARE)
}


def cleaned_search(typed: str | None) -> str:
    """Return what was typed into a search box, as it is looked for; empty: everybody."""
    return unicodedata.normalize("NFC", (typed or "").replace("\x00", "").strip()[:LONGEST])


def name_pattern(q: str) -> str:
    """Return a regular expression that takes every letter with or without its accent.

    PostgreSQL is ten times faster at this than at taking the accents off each name.
    """
    return "".join(_any_accent(character) for character in q)


def pieces(q: str) -> list[str]:
    """Return pieces that every name and number with `q` in it has, as `kiaai_grams` cuts them.

    Letters beyond the table of accents that have capitals are left out: whether a name is found in spite of
    its capitals is up to the database's locale, and the pieces know nothing of that.
    """
    found: set[str] = set()
    for run in "".join(c if _is_piece(c) else "\n" for c in q).split("\n"):
        plain, size = folded(run), min(PIECE, len(run))
        found.update(plain[at : at + size] for at in range(len(plain) - size + 1) if size)
    return sorted(found)


def number_digits(q: str) -> str | None:
    """Return the digits that are looked for; None when this is no number or too little of one."""
    if any(map(str.isalpha, q)):
        return None
    digits = digits_of(q) or re.sub(r"\D", "", q)
    # A whole number may begin as it is dialled from abroad; the end of one may just begin with zeros.
    digits = digits.removeprefix("00") if len(digits) > LONGEST_ENDING else digits
    return digits if len(digits) >= FEWEST_DIGITS else None


def _is_piece(character: str) -> bool:
    return character.isascii() or character in ACCENTED or character.lower() == character.upper()


def _any_accent(character: str) -> str:
    bare = unicodedata.normalize("NFD", character)[0]
    if family := _FAMILIES.get(bare.lower()):
        # Itself too: a letter may have an accent that the table does not know.
        return f"[{family}{character.lower()[0]}{character.upper()[0]}]"
    # A backslash before a letter would mean something; before anything else it takes its meaning away.
    return character if character.isalnum() else f"\\{character}"
