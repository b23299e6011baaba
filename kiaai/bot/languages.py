"""Which language a customer writes: Spanish, English, or one cannot tell."""

from collections.abc import Iterable

from kiaai.bot.wording import words_of

DEFAULT = "es"

_SPANISH = frozenset(
    """
    al algo alguien aqui asi ayuda buen buena buenas bueno buenos bien cada como con cual cuales cuando cuanta
    cuantas cuanto cuantos cuesta de del desde donde dos el ella en entre era eres es esa ese eso esta estan
    estas este esto estoy favor fue gracias gustaria hace hacen hacer hasta hay hola hora horario horas hoy
    la las le les lo los mas me mi mis muchas muy necesito noches nos o para pero persona poder podria por
    porque precio puede pueden puedo que quien quiero quisiera saber se ser si sin sobre solo son su sus tal
    tambien tardes te tiene tienen tienes tengo todo tu un una uno unos usted ustedes vale y ya yo
    humano bot dias dia
    """.split()  # noqa: SIM905 - a list of words reads best as words
) - {"bot"}
_ENGLISH = frozenset(
    """
    about after all am an and any are at be been bring but by can could cost did do does dont for from get
    good have hello help hey hi hours how human i if in is it its later let like long looking make may much
    my need not of off on open or order our out pay person please price prices say send shop should some
    someone speak store talk than thank thanks that the them then there they this to today tomorrow until up
    want was we were what whats when where which who why will with would you your yours
    """.split()  # noqa: SIM905 - as above
) - {"me", "no"}
# Words of both languages say nothing about either.
_BOTH = _SPANISH & _ENGLISH


def language_of(texts: Iterable[str]) -> str | None:
    """Return "es" or "en", whichever has more of its small words here; None when one cannot tell."""
    words = [word for text in texts for word in words_of(text)]
    spanish = sum(word in _SPANISH for word in words if word not in _BOTH)
    english = sum(word in _ENGLISH for word in words if word not in _BOTH)
    # Only Spanish writes these signs.
    spanish += any(sign in text for text in texts for sign in "¿¡ñÑ")
    if spanish == english:
        return None
    return "es" if spanish > english else "en"
