"""How texts are made alike before they are compared: without accents and capitals, in plain words."""

from string import ascii_lowercase, ascii_uppercase

# Accents are dropped on both sides, as customers rarely type them. `translate` comes first and knows the
# capitals too: under the C locale `lower` leaves them as they are.
ACCENTED = "áàâäãåéèêëíìîïóòôöõúùûüñçýÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇÝ"
BARE = "aaaaaaeeeeiiiiooooouuuuncy" * 2

# What stands between words, as a range of characters that Python and PostgreSQL read alike: all of ASCII and
# Latin-1 but letters and digits, then punctuation, symbols and emoji.
BETWEEN_WORDS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u2000-\u2bff\u3000-\u303f\ufe00-\ufe0f\U0001f000-\U0001faff"
)

_FOLDED = str.maketrans(ACCENTED + ascii_uppercase, BARE + ascii_lowercase)


def folded(text: str) -> str:
    """Return the text as the functions of the database compare it; every character keeps its place.

    Only ASCII is made small: what else has capitals is compared as each database's locale has it.
    """
    return text.translate(_FOLDED)


def folded_sql(expression: str) -> str:
    """Return SQL that folds a text; its collation makes it the same in every database."""
    return f"""lower(translate({expression}, '{ACCENTED}', '{BARE}') COLLATE "C")"""
