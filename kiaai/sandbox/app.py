"""The sandbox as a Flask app of its own: Graph endpoints, phones, and switches for tests."""

from pathlib import Path

from flask import Flask

from kiaai.config import ROOT, Settings
from kiaai.sandbox import chats, control, graph_account, graph_blocks, graph_media, graph_messages, phones
from kiaai.sandbox.files import MEGABYTE
from kiaai.sandbox.guard import guard
from kiaai.sandbox.rules import Rules
from kiaai.sandbox.world import build_world
from kiaai.web import languages

LARGEST_REQUEST_BYTES = 101 * MEGABYTE


def create_sandbox_app(
    settings: Settings, folder: Path | None = None, rules: Rules | None = None, base_url: str | None = None
) -> Flask:
    """Make the app. Its threads start with `app.extensions["sandbox"].hooks.start()`.

    folder: where it remembers; None for a memory that ends with it. base_url: where it is served.
    """
    app = Flask(
        "kiaai.sandbox",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static" / "sandbox"),
        static_url_path="/static",
    )
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST_BYTES
    app.extensions["sandbox"] = build_world(
        settings, folder, rules or Rules(), base_url or settings.sandbox_url
    )
    languages.init_app(app)
    guard(app)
    for room in (graph_messages, graph_account, graph_blocks, graph_media, control, phones, chats):
        app.register_blueprint(room.bp)
    return app
