"""Sign-in, people and API keys."""

from flask import Flask

from kiaai.config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Register the room."""
