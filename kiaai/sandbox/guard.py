"""Who may enter: this machine only, and no other site's pages."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def guard(app: Flask) -> None:
    """Check every request and harden every answer."""
    app.before_request(_check_host)
    app.before_request(_check_origin)
    app.after_request(_harden)


def _check_host() -> None:
    # A name that an attacker points at 127.0.0.1 would make this page "same origin" to theirs.
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK:
        abort(403, "The sandbox answers only to 127.0.0.1 and localhost.")


def _check_origin() -> None:
    """Refuse writes that a page of another site set off. Scripts send neither header."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("same-origin", "none") or (origin is not None and origin != f"http://{request.host}"):
        abort(403, "This request came from another site.")


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
