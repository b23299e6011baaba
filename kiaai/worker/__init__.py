"""The processes behind the web: doorbells, tasks, pools and the sweep."""

from flask import Flask

from kiaai.config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Register the room."""
