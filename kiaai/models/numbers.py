"""How a phone number is written for people."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def international(digits: str) -> str:
    """Return a number as people read it: +56 9 0000 0001."""
    # A big library that only pages need.
    import phonenumbers

    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def readable(recipient: str) -> str:
    """Return a number as people read it, and a business-scoped id as it is."""
    return international(recipient) if recipient.isdigit() else recipient
