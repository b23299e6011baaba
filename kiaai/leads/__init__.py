"""The people who wrote: list, status, history, import."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the room."""
