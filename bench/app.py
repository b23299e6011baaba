"""The product's web app with one route more: the yardstick, one query and nothing else."""

from flask import Flask
from sqlalchemy import text

from kiaai import create_app
from kiaai.extensions import db


def make_app() -> Flask:
    """Build the app for a measurement. Its settings come from the environment, as always."""
    app = create_app()

    @app.get("/bench/select-1")
    def select_1() -> str:
        return str(db.session.execute(text("SELECT 1")).scalar())

    return app


app = make_app()
