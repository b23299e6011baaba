"""Drawing texts in the reader's language."""

from flask import Flask
from flask_babel import get_locale, get_translations

from kiaai.texts import Text, grouped

_SEPARATORS = {"es": "."}


def init_app(app: Flask) -> None:
    """Let templates draw each text in the reader's language, whatever it comes from."""
    app.jinja_env.finalize = say
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.filters.update(number=number, say=say)


def say(text: object) -> object:
    """Return a text in the reader's language; anything else, such as what a customer wrote, as it is."""
    # Most of what a template draws is no text of ours, and this is asked for all of it.
    return text.said(get_translations(), _separator()) if type(text) is Text else text


def said(text: str) -> str:
    """Return a string in the reader's language."""
    return str(say(text))


def number(count: int) -> str:
    """Return a whole number with the separators of the reader's language."""
    return grouped(count, _separator())


def _separator() -> str:
    return _SEPARATORS.get(str(get_locale()), ",")
