"""The program that answers first, and its manners."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages of the room."""
    from kiaai.bot import (  # noqa: F401 - importing them registers their routes
        article_views,
        import_views,
        question_views,
        trying_views,
        turn_views,
    )
    from kiaai.bot.blueprint import bp

    app.extensions["trial_model"] = trying_views.trial_model(app.extensions["settings"])
    app.register_blueprint(bp)
