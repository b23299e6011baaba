"""Page or fragment, and the tags by which a poll with nothing new is answered 304."""

import hashlib

from flask import Response, make_response, request

from kiaai.web.release import release
from kiaai.whatsapp.explanations import Language


def is_fragment() -> bool:
    """Tell whether htmx wants a part of the page; going back in the history wants all of it."""
    if request.headers.get("HX-History-Restore-Request") == "true":
        return False
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full"


def tag_of(user_id: int, language: Language, *parts: object) -> str:
    """Return the tag of what a fragment shows.

    parts: the fragment's address and everything it depends on. The person counts too, as "You" is another
    name for each, the language that they read, and the release, as a new one draws differently.
    """
    said = "\x1f".join(str(part) for part in (release(), language, user_id, *parts))
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def is_unchanged(tag: str) -> bool:
    """Tell whether the asker already shows what this tag stands for."""
    return request.headers.get("HX-PTag") == tag


def unchanged() -> Response:
    """Answer that nothing is new; htmx then leaves the panel alone."""
    return _uncached(make_response("", 304))


def tagged(html: str, tag: str) -> Response:
    """Answer the contents of a panel with the tag that its next poll sends back."""
    response = make_response(html)
    response.headers["HX-PTag"] = tag
    return _uncached(response)


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    # A page that was drawn by another release says so.
    response.headers["Kiaai-Release"] = release()
    return response
