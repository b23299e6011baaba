"""Slips of the pen: a word one letter away from a word that the articles are known by. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from string import ascii_lowercase

# Short words have too many neighbours.
_SHORTEST = 6
_SHORTEST_SOUND = 5
_SOUNDS = tuple(
    (re.compile(pattern), heard)
    for pattern, heard in (
        ("v", "b"),
        ("m(?=[bp])", "n"),
        ("qu(?=[ei])|c(?=[aou]|[^aeiouh]|$)", "k"),
        ("z|c(?=[ei])|x", "s"),
        ("ll", "y"),
        ("(?<!c)h", ""),
        ("g(?=[ei])", "j"),
        (r"(.)\1", r"\1"),
        ("e?s$", ""),
    )
)


def corrected(
    words: Iterable[str], unknown: Collection[str], vocabulary: Collection[str], shortest: int = _SHORTEST
) -> list[str]:
    """Return the words, each unknown one replaced by its neighbour in the vocabulary if it has one.

    shortest: letters; shorter words stay as they are.
    """
    return [(_neighbour(word, vocabulary, shortest) or word) if word in unknown else word for word in words]


def recognised(words: Iterable[str], unknown: Collection[str], vocabulary: Collection[str]) -> list[str]:
    """Return the words, each unknown one replaced by a neighbour of its letters, else of its sound."""
    by_sound = {
        _sound(word): word for word in sorted(vocabulary, reverse=True) if len(word) >= _SHORTEST_SOUND
    }
    return [
        _neighbour(word, vocabulary, _SHORTEST) or _sounding_alike(word, by_sound) or word
        if word in unknown
        else word
        for word in words
    ]


def _sounding_alike(word: str, by_sound: Mapping[str, str]) -> str | None:
    if len(word) < _SHORTEST_SOUND or not word.isalpha():
        return None
    sound = _sound(word)
    if sound in by_sound or len(sound) < _SHORTEST:
        return by_sound.get(sound)
    near = min(_one_letter_away(sound) & by_sound.keys(), default=None)
    return by_sound[near] if near else None


def _sound(word: str) -> str:
    """Return what is heard of a Spanish word, one or many: customers write "embio" and "alkiler"."""
    for pattern, heard in _SOUNDS:
        word = pattern.sub(heard, word)
    return word


def _neighbour(word: str, vocabulary: Collection[str], shortest: int) -> str | None:
    if len(word) < shortest or not word.isalpha():
        return None
    return min(_one_letter_away(word) & set(vocabulary), default=None)


def _one_letter_away(word: str) -> set[str]:
    """Return all that one letter lost, added, changed or two swapped can make of a word."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    lost = {left + right[1:] for left, right in cuts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    changed = {left + letter + right[1:] for left, right in cuts if right for letter in ascii_lowercase}
    added = {left + letter + right for left, right in cuts for letter in ascii_lowercase}
    return lost | swapped | changed | added
