"""The shared inbox: list, thread, composer and lead panel."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the room."""
    from kiaai.inbox import views

    app.register_blueprint(views.bp)
