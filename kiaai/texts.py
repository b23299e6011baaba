"""Texts for people: written in English where they arise, said in the reader's language when drawn."""

from typing import Protocol, TypeGuard


class Catalogue(Protocol):
    """The texts of one language, as gettext keeps them."""

    def gettext(self, message: str, /) -> str: ...

    def ngettext(self, singular: str, plural: str, count: int, /) -> str: ...


class Text(str):
    """A text in English that knows what it was made of, so that it can be said in another language.

    To whoever knows nothing of languages (a log, a column, a comparison) it is a plain string.
    """

    __slots__ = ("_count", "_plural", "_singular", "_values")

    _singular: str
    _plural: str | None
    _count: int
    _values: dict[str, object]

    def __new__(
        cls, singular: str, plural: str | None = None, count: int = 1, values: dict[str, object] | None = None
    ) -> "Text":
        words = singular if plural is None or count == 1 else plural
        text = super().__new__(cls, words % {name: _plain(value) for name, value in (values or {}).items()})
        text._singular, text._plural, text._count, text._values = singular, plural, count, values or {}
        return text

    def said(self, catalogue: Catalogue, separator: str = ",") -> str:
        """Return the text from a catalogue. separator: between the thousands of a number."""
        if self._plural is None:
            words = catalogue.gettext(self._singular)
        else:
            words = catalogue.ngettext(self._singular, self._plural, self._count)
        return words % {name: _said(value, catalogue, separator) for name, value in self._values.items()}


def lazy(message: str, /, **values: object) -> Text:
    """Mark one whole sentence for translation: `lazy("At most %(limit)s tags.", limit=30)`.

    A whole number gets the separators of the language; give an id or a code as a string. `%%` is a percent
    sign. The message must be a literal: it is collected from the source.
    """
    return Text(message, values=values)


def lazy_plural(singular: str, plural: str, count: int, /, **values: object) -> Text:
    """Mark a sentence that depends on a count, which both forms may name as `%(count)s`."""
    return Text(singular, plural, count, {"count": count, **values})


def grouped(number: int, separator: str = ",") -> str:
    """Return a whole number with a separator between its thousands."""
    return f"{number:,}".replace(",", separator)


def _plain(value: object) -> object:
    return grouped(value) if _is_number(value) else value


def _said(value: object, catalogue: Catalogue, separator: str) -> object:
    if isinstance(value, Text):
        return value.said(catalogue, separator)
    return grouped(value, separator) if _is_number(value) else value


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
