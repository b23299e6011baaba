"""The product's web app with two routes more: the yardstick, and the search whose page comes later."""

from flask import Flask, request
from sqlalchemy import text

from kiaai import create_app
from kiaai.config import Settings
from kiaai.extensions import db


def make_app(settings: Settings | None = None) -> Flask:
    """Build the app for a measurement. Its settings come from the environment, as always."""
    app = create_app(settings)

    @app.get("/bench/select-1")
    def select_1() -> str:
        """Answer one query and nothing else: what others are measured against."""
        return str(db.session.execute(text("SELECT 1")).scalar())

    @app.get("/bench/search")
    def search() -> list[int]:
        from kiaai.inbox.message_search import find_messages

        return [hit.message.id for hit in find_messages(request.args["q"]).hits]

    return app


def __getattr__(name: str) -> Flask:
    """Make the app when a server asks for it, not when a measurement looks at this module."""
    if name == "app":
        return make_app()
    raise AttributeError(name)
