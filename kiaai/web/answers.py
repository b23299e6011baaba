"""The one shape of errors in JSON, and which paths speak JSON."""

from flask import Response, jsonify

from kiaai.web.saying import said

# The codes that outsiders may rely on, by status; a view may name a finer one.
CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "not_found", 410: "not_found"} | {
    413: "too_large",
    429: "rate_limited",
    500: "unavailable",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}


def is_json_path(path: str) -> bool:
    """Tell whether programs, not people, read what is under this path."""
    return path.startswith(("/api/", "/leads/")) or path in ("/api", "/leads", "/healthz", "/readyz")


def error_json(status: int, code: str, message: str, fields: dict[str, list[str]] | None = None) -> Response:
    """Return an error as every JSON route tells it, in English or the language of `Accept-Language`."""
    error: dict[str, object] = {"code": code, "message": said(message)}
    if fields:
        error["fields"] = {name: [said(reason) for reason in reasons] for name, reasons in fields.items()}
    response = jsonify(error=error)
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def code_of(status: int) -> str:
    """Return the code for a status that nobody named more finely."""
    return CODES.get(status, "validation_failed" if status < 500 else "unavailable")
