"""Numbers written as at home, without their country: what each country puts in front of them."""

from dataclasses import dataclass

from babel.core import get_global

from kiaai.whatsapp.phone_numbers import digits_of


@dataclass(frozen=True)
class Country:
    """calling_code: what its numbers begin with abroad. lengths: digits of a number at home.

    mobile: what WhatsApp writes between the two. trunk: what people dial before a number at home.
    """

    calling_code: str
    lengths: tuple[int, ...]
    mobile: str = ""
    trunk: str = "0"


COUNTRIES = {
    "AR": Country("54", (10,), mobile="9"),
    "BO": Country("591", (8,)),
    "BR": Country("55", (10, 11)),
    "CA": Country("1", (10,), trunk="1"),
    "CL": Country("56", (9,)),
    "CO": Country("57", (10,)),
    "CR": Country("506", (8,)),
    "DE": Country("49", (10, 11)),
    "DO": Country("1", (10,), trunk="1"),
    "EC": Country("593", (8, 9)),
    "ES": Country("34", (9,)),
    "FR": Country("33", (9,)),
    "GB": Country("44", (10,)),
    "GT": Country("502", (8,)),
    "HN": Country("504", (8,)),
    "MX": Country("52", (10,)),
    "NI": Country("505", (8,)),
    "PA": Country("507", (7, 8)),
    "PE": Country("51", (8, 9)),
    "PR": Country("1", (10,), trunk="1"),
    "PT": Country("351", (9,)),
    "PY": Country("595", (9,)),
    "SV": Country("503", (8,)),
    "US": Country("1", (10,), trunk="1"),
    "UY": Country("598", (8,)),
    "VE": Country("58", (10,)),
}


def country_of_zone(timezone: str) -> str:
    """Return the country of a time zone, such as `CL` of `America/Santiago`; empty where it says none."""
    territory = str(get_global("zone_territories").get(timezone, ""))
    return territory if territory in COUNTRIES else ""


def with_country(phone: str, code: str) -> str:
    """Return the number with `+` and its country; as it is where it has one already, or none is known."""
    country, digits = COUNTRIES.get(code), digits_of(phone)
    if country is None or digits is None or phone.lstrip().startswith(("+", "00")):
        return phone
    at_home = digits.removeprefix(country.trunk)
    if len(digits) in country.lengths:
        return f"+{country.calling_code}{country.mobile}{digits}"
    if at_home != digits and len(at_home) in country.lengths and not _is_whole(digits, country):
        return f"+{country.calling_code}{country.mobile}{at_home}"
    return phone


def _is_whole(digits: str, country: Country) -> bool:
    rest = digits.removeprefix(country.calling_code)
    return rest != digits and len(rest) in country.lengths
