"""The shared inbox: list, thread, composer and lead panel."""

from flask import Flask

# How often a browser asks whether there is something new.
LIST_POLL_SECONDS, THREAD_POLL_SECONDS = 5, 3


def init_app(app: Flask) -> None:
    """Register the room."""
    app.config.setdefault("LIST_POLL_SECONDS", LIST_POLL_SECONDS)
    app.config.setdefault("THREAD_POLL_SECONDS", THREAD_POLL_SECONDS)
    # The other modules add their routes to the blueprint of the first.
    from kiaai.inbox import (  # noqa: F401 - importing them registers their routes
        bulk_views,
        conversation_views,
        deed_views,
        found_views,
        lead_views,
        message_views,
        new_conversation_views,
        trouble_views,
        views,
    )

    app.register_blueprint(views.bp)
