"""Phone numbers as WhatsApp writes them, and the one key under which a person is found again.

Source: "Local and international number formats" (Meta) and what projects in Brazil, Mexico and
Argentina report. A strict phone library is no use here: real 12-digit Brazilian ids look invalid.
"""

_PUNCTUATION = str.maketrans("", "", " +-().\u00a0\u2010\u2011\u2013")


def digits_of(text: str) -> str | None:
    """Return the digits of a number typed with `+`, spaces, dashes or brackets; None when it is no number."""
    digits = text if text.isdigit() else text.translate(_PUNCTUATION)
    return digits if digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 20 else None


def match_key(text: str) -> str | None:
    """Return the canonical digits of a number, equal for all forms of one mobile; None when it is no number.

    Brazil: the ninth digit is added to old mobile ids. Mexico: the `1` after 52 goes.
    Argentina: 549 is already canonical; without the 9 it may be another person's landline, so it stays.
    """
    digits = digits_of(text)
    if digits is None:
        return None
    if len(digits) == 12 and digits.startswith("55") and digits[4] in "6789":
        return digits[:4] + "9" + digits[4:]
    if len(digits) == 13 and digits.startswith("521"):
        return "52" + digits[3:]
    return digits


def other_form(text: str) -> str | None:
    """Return the other form under which WhatsApp may know this number, to be tried once; None without one."""
    digits = digits_of(text) or ""
    if digits.startswith("55") and len(digits) == 13 and digits[4] == "9":
        return digits[:4] + digits[5:]
    if digits.startswith("55") and len(digits) == 12 and digits[4] in "6789":
        return digits[:4] + "9" + digits[4:]
    if digits.startswith("521") and len(digits) == 13:
        return "52" + digits[3:]
    if digits.startswith("52") and len(digits) == 12:
        return "521" + digits[2:]
    if digits.startswith("549") and len(digits) == 13:
        return "54" + digits[3:]
    if digits.startswith("54") and len(digits) == 12:
        return "549" + digits[2:]
    return None


def is_bsuid(text: str) -> bool:
    """Say whether this is a business-scoped user id, such as `CL.10000000000000000001`."""
    return len(text) > 3 and text[2] == "." and text[:2].isascii() and text[:2].isalpha()
