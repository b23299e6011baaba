"""Words as customers mean them: without accents, capitals, punctuation or emoji."""

import re
import unicodedata

_WORD = re.compile(r"[a-z0-9]+")
# Said around a request without changing it.
_COURTESY = re.compile(
    r"^(?:(?:hola|buenas|buenos dias|buenas tardes|buenas noches|hello|hi|hey|por favor|porfa|please|ok|si"
    r"|yes|just) )+"
    r"|(?: (?:por favor|porfa|please|gracias|thanks|thank you|ya|now|ahora))+$"
)
_APOSTROPHES = re.compile(r"['’`´]")


def plain(text: str) -> str:
    """Return the text in small letters without accents; `ñ` becomes `n`, ornate letters plain ones."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()


def words_of(text: str) -> list[str]:
    """Return the plain words and numbers of a text, in order; "don't" is "don" and "t"."""
    return _WORD.findall(_APOSTROPHES.sub(" ", plain(text)))


def phrase_of(text: str) -> str:
    """Return the plain words with single spaces between; "don't" is "dont"."""
    return " ".join(_WORD.findall(_APOSTROPHES.sub("", plain(_APOSTROPHES.sub("", text)))))


def bare_phrase_of(text: str) -> str:
    """Return the phrase without courtesy at its ends, and "stop stop stop" as "stop"."""
    phrase = phrase_of(text)
    while (shorter := _COURTESY.sub("", phrase)) != phrase:
        phrase = shorter
    words = phrase.split()
    return words[0] if len(set(words)) == 1 else phrase


def phrases(*patterns: str) -> re.Pattern[str]:
    """Return one pattern that matches any of these; they are written for plain phrases."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
