"""Slips of the pen: a word one letter away from a word that the articles are known by. Pure."""

from collections.abc import Collection, Iterable
from string import ascii_lowercase

# Short words have too many neighbours.
_SHORTEST = 6


def corrected(
    words: Iterable[str], unknown: Collection[str], vocabulary: Collection[str], shortest: int = _SHORTEST
) -> list[str]:
    """Return the words, each unknown one replaced by its neighbour in the vocabulary if it has one.

    shortest: letters; shorter words stay as they are.
    """
    return [(_neighbour(word, vocabulary, shortest) or word) if word in unknown else word for word in words]


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
