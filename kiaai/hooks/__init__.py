"""Webhooks of ours: programs elsewhere are told of what happens here, at least once each time.

The rows of `outgoing_deliveries` are written by triggers (migration 0004), in the transaction of what they
tell. Here they are sent, shown, and the addresses kept.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages of the settings."""
    from kiaai.hooks.views import bp

    app.register_blueprint(bp)
