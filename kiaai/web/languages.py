"""Which language the asker reads, of those that the product speaks."""

from flask import Flask, Response, after_this_request, has_request_context, request, session
from flask_babel import Babel

from kiaai.config import ROOT
from kiaai.web import saying
from kiaai.web.answers import is_json_path
from kiaai.whatsapp.explanations import LANGUAGES, Language

TRANSLATIONS = ROOT / "kiaai" / "translations"
# Each in its own words: whoever looks for theirs may read no other.
LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "es": "Español"}


def init_app(app: Flask) -> None:
    """Translate what templates draw, from `kiaai/translations`."""
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=_language_of_page)
    saying.init_app(app)
    app.jinja_env.globals.update(language=asked_language, language_names=LANGUAGE_NAMES)


def asked_language() -> Language:
    """Return the language that the asker reads: their choice, else what the browser prefers, else English.

    The choice stands in the session, so that a poll asks no table for it. Programs are asked for no choice.
    The answer then says that it depends on the header.
    """
    after_this_request(_vary)
    chosen = None if _is_for_programs() else session.get("language")
    if chosen in LANGUAGES:
        return "es" if chosen == "es" else "en"
    return "es" if request.accept_languages.best_match(LANGUAGES, "en") == "es" else "en"


def keep_language(language: str | None) -> None:
    """Keep a choice in the session; None for the browser's own. Writes no cookie when nothing changes."""
    if session.get("language") == language:
        return
    if language is None:
        session.pop("language")
    else:
        session["language"] = language


def chosen_by_nobody() -> str | None:
    """Return the language chosen before anybody signed in; not that of a person whose session ended."""
    chosen = None if "_user_id" in session else session.get("language")
    return chosen if chosen in LANGUAGES else None


def _is_for_programs() -> bool:
    # The reference of the API is a page.
    return is_json_path(request.path) and request.path != "/api/docs"


def _language_of_page() -> str:
    return asked_language() if has_request_context() else "en"


def _vary(response: Response) -> Response:
    response.vary.add("Accept-Language")
    return response
