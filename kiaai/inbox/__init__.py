"""The shared inbox: list, thread, composer and lead panel."""

from flask import Flask

from kiaai.web import filters


def init_app(app: Flask) -> None:
    """Register the room."""
    filters.init_app(app)
