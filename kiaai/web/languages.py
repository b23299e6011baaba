"""Which language the asker reads, of those that the product speaks."""

from flask import Response, after_this_request, request

from kiaai.whatsapp.explanations import LANGUAGES, Language


def asked_language() -> Language:
    """Return the language that the request prefers, English without any that we speak.

    The answer then says that it depends on that.
    """
    after_this_request(_vary)
    return "es" if request.accept_languages.best_match(LANGUAGES, "en") == "es" else "en"


def _vary(response: Response) -> Response:
    response.vary.add("Accept-Language")
    return response
