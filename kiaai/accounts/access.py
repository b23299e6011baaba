"""Who may enter: the decorators of all views, and the answer to those who may not."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast
from urllib.parse import quote, urlsplit

import flask_login
from flask import abort, redirect, request, session
from flask.typing import ResponseReturnValue

from kiaai.models import User
from kiaai.web.answers import error_json, is_json_path
from kiaai.web.languages import keep_language

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

SIGN_IN_PATH = "/login"


def current_user() -> User:
    """Return the person who is signed in. Only for views behind `login_required`."""
    return cast(User, flask_login.current_user._get_current_object())


def is_signed_in() -> bool:
    """Tell whether a person is signed in; asks the database at most once a request."""
    return bool(flask_login.current_user and flask_login.current_user.is_authenticated)


def session_key() -> str | None:
    """Return the `fs_uniquifier` that the session cookie names, without asking the database.

    For polls, whose own query checks it against an active user. A remembered person has none yet.
    """
    key = session.get("_user_id")
    return key if isinstance(key, str) else None


def login_required(view: View[P]) -> View[P]:
    """Let people who are signed in through; answer others as their kind of request expects."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not is_signed_in():
            return answer_stranger()
        _follow_language()
        return view(*args, **kwargs)

    return guarded


def admin_required(view: View[P]) -> View[P]:
    """Let admins through; members get 403."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not is_signed_in():
            return answer_stranger()
        if not current_user().is_admin:
            abort(403)
        _follow_language()
        return view(*args, **kwargs)

    return guarded


def answer_stranger() -> ResponseReturnValue:
    """Answer a request of nobody: JSON, a redirect that htmx follows, or an ordinary one."""
    if is_json_path(request.path):
        return error_json(401, "unauthorized", "Sign in, or send Authorization: Bearer <key>.")
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": sign_in_url(_page_of_fragment())}
    return redirect(sign_in_url(_path_and_query() if request.method == "GET" else "/"), 303)


def sign_in_url(next_path: str) -> str:
    """Return the address of the sign-in page that leads on to a path afterwards."""
    return SIGN_IN_PATH if next_path == "/" else f"{SIGN_IN_PATH}?next={quote(next_path, safe='/')}"


def safe_next(path: str | None) -> str:
    """Return the path if it stays on this site, else `/`.

    Browsers read `//host`, `/\\host` and paths with control characters as other hosts.
    """
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    if "\\" in path or any(ord(character) < 32 or ord(character) == 127 for character in path):
        return "/"
    return path


def _follow_language() -> None:
    """Let the session follow a choice of language that the person made elsewhere."""
    if not is_json_path(request.path):
        keep_language(current_user().language)


def _page_of_fragment() -> str:
    """Return the page that asked for a fragment: after signing in, a bare fragment helps nobody."""
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    if page.path and page.netloc in ("", request.host):
        return safe_next(f"{page.path}?{page.query}" if page.query else page.path)
    return _path_and_query()


def _path_and_query() -> str:
    path = request.full_path if request.query_string else request.path
    return safe_next(path)
