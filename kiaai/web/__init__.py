"""What all pages share: fragments, tags, headers, paging, health."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from kiaai.config import Settings
from kiaai.web.release import release
from kiaai.web.stalled_clients import Impatient


def init_app(app: Flask, settings: Settings) -> None:
    """Register what all pages share."""
    from kiaai.web import (
        error_pages,
        filters,
        health,
        languages,
        manifest,
        offline,
        security_headers,
        static_files,
        style_page,
    )

    if settings.trusted_proxies:
        # Each trusted proxy appends one entry; what the client itself wrote stands further left. Not so the
        # host: proxies hand on the `Host` itself, and an `X-Forwarded-Host` as the client wrote it.
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # as Flask's documentation does
    app.wsgi_app = Impatient(app.wsgi_app)  # type: ignore[method-assign]  # as above
    release()
    languages.init_app(app)
    filters.init_app(app)
    security_headers.init_app(app, settings)
    static_files.init_app(app)
    error_pages.init_app(app)
    app.register_blueprint(health.bp)
    app.register_blueprint(manifest.bp)
    app.register_blueprint(offline.bp)
    app.register_blueprint(style_page.bp)
