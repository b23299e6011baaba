"""The program that answers first, and its manners."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the pages of the room."""
    # Each module adds its routes to the blueprint.
    from kiaai.bot import article_views, import_views, question_views, trying_views, turn_views  # noqa: F401
    from kiaai.bot.blueprint import bp

    app.extensions["trial_model"] = trying_views.trial_model(app.extensions["settings"])
    app.register_blueprint(bp)
