"""Files of messages: fetched from Meta, kept, served."""

from flask import Flask, current_app

from kiaai.media.storage import Storage


def init_app(app: Flask) -> None:
    """Register the room and its folder."""
    from kiaai.media.views import bp

    app.extensions["media"] = Storage(app.extensions["settings"].instance_path / "media")
    app.register_blueprint(bp)


def media_folder() -> Storage:
    """Return the media folder of this installation."""
    kept: Storage = current_app.extensions["media"]
    return kept
