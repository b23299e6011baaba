"""Errors as people and programs read them: a page, the JSON shape, or a line for a fragment."""

import logging

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from kiaai.accounts.access import answer_stranger, is_signed_in
from kiaai.database import FOREIGN_KEY_VIOLATION, is_retryable, is_unavailable
from kiaai.errors import NotFound, ValidationFailed
from kiaai.texts import lazy
from kiaai.web.answers import code_of, error_json, is_json_path
from kiaai.web.saying import said

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5

# What a person reads: title, and the way out.
_TEXTS = {
    400: (lazy("This request could not be read"), lazy("Go back, reload the page and try again.")),
    403: (lazy("You may not open this"), lazy("Only admins can. Ask one of them if you need it.")),
    404: (lazy("There is nothing here"), lazy("The address may be wrong, or what was here is gone.")),
    405: (lazy("This address does not work that way"), lazy("Go back and use the buttons of the page.")),
    413: (lazy("This is too large"), lazy("Send something smaller, up to 4 MB.")),
    429: (lazy("Too many requests"), lazy("Wait a little, then try again.")),
    500: (
        lazy("Something broke on our side"),
        lazy("It is in the log. Try again; if it stays, tell your admin."),
    ),
    503: (
        lazy("The database does not answer"),
        lazy("Nothing is lost. This page works again as soon as it is back."),
    ),
}
# What a program's author reads, where the framework's own words are for a browser.
_MESSAGES = {
    404: lazy("Nothing is at this address."),
    405: lazy("This address does not take this method; see the header Allow."),
    413: lazy("The body is too large; at most 4 MB."),
    500: lazy("A fault on our side; it is in the log."),
}
_CSRF_TEXT = (
    lazy("This page was open for too long"),
    lazy("Go back, reload it and try again. Nothing was changed."),
)


def init_app(app: Flask) -> None:
    """Register the answers to all errors."""
    app.register_error_handler(CSRFError, _answer_csrf)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(ValidationFailed, _answer_validation)
    app.register_error_handler(NotFound, _answer_not_found)
    app.register_error_handler(NoResultFound, _answer_gone)
    app.register_error_handler(StaleDataError, _answer_gone)
    app.register_error_handler(DBAPIError, _answer_database)
    app.register_error_handler(PoolTimeout, _answer_database)


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    """Answer whatever Flask, webargs or a view aborted with, keeping its headers such as Allow."""
    status = error.code or 500
    if _is_outage(getattr(error, "original_exception", None)):
        return _answer_outage()
    if error.response is not None and status < 400:
        return error.response
    headers = dict(error.get_headers())
    headers = {name: value for name, value in headers.items() if name in ("Allow", "Retry-After", "Location")}
    if status < 400:
        return "", status, headers
    if is_json_path(request.path):
        message, fields = _validation_of(error)
        return error_json(status_in_json(status), code_of(status), message, fields), headers
    title, way_out = _TEXTS.get(status, (error.name, lazy("Go back and try again.")))
    return _page(status, title, way_out), status, headers


def status_in_json(status: int) -> int:
    """Return the status for programs: what cannot be read is refused as what does not fit, 422."""
    return 422 if status in (400, 415) else status


def _validation_of(error: HTTPException) -> tuple[str, dict[str, list[str]] | None]:
    """Return the message and the fields of an error, from webargs' shape when it has one."""
    messages = (getattr(error, "data", None) or {}).get("messages")
    if not messages:
        return _MESSAGES.get(error.code or 500) or str(error.description or error.name), None
    fields = {str(name): list(map(str, reasons)) for name, reasons in _flat(messages)}
    return lazy("Some of what was sent does not fit."), fields


def _flat(messages: dict[str, object]) -> list[tuple[str, list[object]]]:
    """Drop webargs' outer level, which names where a field stood: json, query or headers."""
    pairs: list[tuple[str, list[object]]] = []
    for place, inner in messages.items():
        if isinstance(inner, dict):
            pairs += [(name, _reasons(why)) for name, why in inner.items()]
        else:
            pairs.append(("body" if place == "json" else place, _reasons(inner)))
    return pairs


def _reasons(why: object) -> list[object]:
    """Return what is wrong with a field; of one with fields or places of its own, each with its name."""
    if isinstance(why, dict):
        return [f"{name}: {reason}" for name, inner in why.items() for reason in _reasons(inner)]
    return why if isinstance(why, list) else [why]


def _answer_csrf(error: CSRFError) -> ResponseReturnValue:
    if is_json_path(request.path):
        message = lazy("Send the page's token as the header X-CSRFToken, or use an API key.")
        return error_json(403, "csrf_failed", message)
    # The token went with the session: signing in again is the way out, except on the forms that do that.
    if request.blueprint != "accounts" and not is_signed_in():
        return answer_stranger()
    return _page(403, *_CSRF_TEXT), 403


def _answer_validation(error: ValidationFailed) -> ResponseReturnValue:
    if is_json_path(request.path):
        return error_json(422, error.code, error.message, error.fields)
    return _page(422, lazy("That did not work"), error.message), 422


def _answer_not_found(error: NotFound) -> ResponseReturnValue:
    if is_json_path(request.path):
        return error_json(404, "not_found", _words_of(error))
    return _page(404, *_TEXTS[404]), 404


def _answer_gone(error: Exception) -> ResponseReturnValue:
    """Answer that something was there a moment ago, as of a person who was erased meanwhile."""
    log.warning("Gone while somebody worked on it: %s %s", request.method, request.path)
    return _answer_not_found(NotFound())


def _words_of(error: NotFound) -> str:
    return error.args[0] if error.args else lazy("Nothing is at this address.")


def _answer_database(error: DBAPIError | PoolTimeout) -> ResponseReturnValue:
    """Say that the database is away; anything else it says is a mistake of ours and stays a 500."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) == FOREIGN_KEY_VIOLATION:
        # What it was to refer to went meanwhile.
        return _answer_gone(error)
    if not _is_outage(error):
        raise error
    log.error("The database does not answer: %s", str(error).partition("\n")[0])
    return _answer_outage()


def _is_outage(error: BaseException | None) -> bool:
    if isinstance(error, DBAPIError):
        return is_unavailable(error) or is_retryable(error) or error.connection_invalidated
    return isinstance(error, PoolTimeout)


def _answer_outage() -> ResponseReturnValue:
    response = current_app.make_response(_answer_http(ServiceUnavailable("The database does not answer.")))
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _page(status: int, title: str, way_out: str) -> str:
    if request.headers.get("HX-Request"):
        return f"{said(title)}. {said(way_out)}"
    # Rendered without Flask's context, which would load the person: the database may be away.
    template = current_app.jinja_env.get_template("errors/error.html")
    return template.render(status=status, title=title, way_out=way_out)
