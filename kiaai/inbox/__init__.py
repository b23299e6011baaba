"""The shared inbox: list, thread, composer and lead panel."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the room."""
    # The other modules add their routes to the blueprint of the first.
    from kiaai.inbox import bulk_views, conversation_views, message_views, trouble_views, views  # noqa: F401

    app.register_blueprint(views.bp)
