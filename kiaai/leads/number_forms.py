"""Whether two numbers may be one, written in two ways. Pure."""

from kiaai.whatsapp.phone_numbers import match_key, other_form

# What countries put before or into a number when it is dialled: trunk digits, and the signs of a mobile.
_TRUNKS = ("0", "1", "9", "15")
# They stand after the country code or after that of the area.
_PLACES = range(1, 7)
_SHORTEST = 9


def how_alike(number: str, other: str) -> str | None:
    """Return `number` when both surely are one, `number_form` when they likely are, None when they differ.

    Takes digits with the country code. The last eight must be the same: a number of another area, however
    alike, is somebody else's.
    """
    if match_key(number) == match_key(other) or other_form(number) == other or other_form(other) == number:
        return "number"
    if number[-8:] != other[-8:] or min(len(number), len(other)) < _SHORTEST:
        return None
    short, long = sorted((_without_mobile_sign(number), _without_mobile_sign(other)), key=len)
    is_alike = short == long or any(
        long == short[:place] + trunk + short[place:] for place in _PLACES for trunk in _TRUNKS
    )
    return "number_form" if is_alike else None


def _without_mobile_sign(number: str) -> str:
    """Return an Argentine mobile as it is dialled from abroad without its 9: at home it has a 15 instead."""
    return "54" + number[3:] if number.startswith("549") and len(number) == 13 else number
