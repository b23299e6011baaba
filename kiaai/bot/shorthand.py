"""What thumbs leave out: "q" for "que", "u" for "you", "finde" for "fin de semana". Pure."""

import re
from collections.abc import Collection, Iterable

# Never what a question is about.
_SHORT = {
    **dict.fromkeys(("q", "k", "ke", "qe"), "que"),
    **dict.fromkeys(("xq", "pq", "porq", "xk"), "porque"),
    **dict.fromkeys(("xfa", "xfavor", "xfis", "plis", "porfis"), "por favor"),
    **dict.fromkeys(("dnd", "dond", "aonde", "adonde"), "donde"),
    **dict.fromkeys(("tb", "tmb", "tbn"), "tambien"),
    **dict.fromkeys(("cnto", "cto", "kuanto"), "cuanto"),
    **dict.fromkeys(("pls", "plz"), "please"),
    **dict.fromkeys(("tmr", "tmrw", "tmrow"), "tomorrow"),
    **dict.fromkeys(("finde", "findes"), "fin de semana"),
    **dict.fromkeys(("ubi", "ubic"), "ubicacion"),
    **dict.fromkeys(("wknd", "wkend"), "weekend"),
    "appt": "appointment",
    "addy": "address",
    "x": "por",
    "d": "de",
    "pa": "para",
    "pal": "para el",
    "u": "you",
    "ur": "your",
    "r": "are",
    "rn": "right now",
    "w": "with",
    "wanna": "want to",
    "gonna": "going to",
}
# Clipped words of everyday use; in their place stands the whole one, unless an article has them as they are.
_CLIPPED = {
    "bici": "bicicleta",
    "bicis": "bicicletas",
    "info": "informacion",
    "depa": "departamento",
    "depto": "departamento",
    "cel": "celular",
    "compu": "computador",
    "refri": "refrigerador",
    "tele": "television",
    "bike": "bicycle",
    "bikes": "bicycles",
    "fridge": "refrigerator",
}
# "kedan", "kiero": the sound, not the letters.
_BY_SOUND = re.compile(r"^k(?=[ei])")
_WORD = re.compile(r"[a-z0-9]+")


def spelled_out(phrase: str) -> str:
    """Return a plain phrase with the small words in full."""
    return _WORD.sub(lambda word: _SHORT.get(word[0], word[0]), phrase)


def has_clipped(words: Iterable[str]) -> bool:
    """Tell whether one of the words may be written otherwise in full."""
    return any(_in_full(word) != word for word in words)


def unclipped(words: Iterable[str], unknown: Collection[str]) -> list[str]:
    """Return the words, the clipped ones among the unknown in full, as an article would have them."""
    return [whole for word in words for whole in (_in_full(word).split() if word in unknown else [word])]


def _in_full(word: str) -> str:
    return _CLIPPED.get(word) or _BY_SOUND.sub("qu", word)
