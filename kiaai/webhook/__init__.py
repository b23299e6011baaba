"""The endpoint that Meta calls: verify, store, answer."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the endpoint."""
    from kiaai.webhook.views import bp

    app.register_blueprint(bp)
