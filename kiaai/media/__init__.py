"""Files of messages: fetched from Meta, kept, served."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the room."""
