"""The headers of every answer: what a page may load, and what browsers must not guess."""

from flask import Flask, Response, request

from kiaai.config import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# Two years, the term that browsers ask for before they keep a site on their list.
HSTS = "max-age=63072000; includeSubDomains"


def init_app(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer; a view that set one itself, such as media, keeps its own."""
    defaults = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.is_https:
        defaults["Strict-Transport-Security"] = HSTS

    @app.after_request
    def _add_headers(response: Response) -> Response:
        for name, value in defaults.items():
            response.headers.setdefault(name, value)
        if not _may_be_kept(response):
            # What a person saw must not be on the screen after they signed out, by the back button.
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _may_be_kept(response: Response) -> bool:
    return request.endpoint == "static" or response.status_code == 304 or "ETag" in response.headers
