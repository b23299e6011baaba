"""The people who wrote: list, status, history, import."""

from flask import Flask

# How often the board asks whether somebody moved a card.
BOARD_POLL_SECONDS = 5


def init_app(app: Flask) -> None:
    """Register the room."""
    app.config.setdefault("BOARD_POLL_SECONDS", BOARD_POLL_SECONDS)
    # The other modules add their routes to the blueprint of the first.
    from kiaai.leads import bulk_views, consent_views, erase_views, merge_views, person_views, views  # noqa: F401
    from kiaai.leads.imports.views import bp as imports

    app.register_blueprint(views.bp)
    app.register_blueprint(imports)
