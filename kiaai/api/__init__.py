"""The JSON API."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the routes, their description at `/api/openapi.json`, and the reference at `/api/docs`."""
    from kiaai.api import care, many_leads, merging  # noqa: F401 - importing them adds routes to leads
    from kiaai.api.conversations import bp as conversations
    from kiaai.api.description import make_api
    from kiaai.api.imports import bp as imports
    from kiaai.api.knowledge import bp as knowledge
    from kiaai.api.leads import bp as leads
    from kiaai.api.reference import bp as reference
    from kiaai.api.routing import LeadReference
    from kiaai.api.sending import bp as sending
    from kiaai.api.webhooks import bp as webhooks
    from kiaai.extensions import csrf

    app.url_map.converters["lead"] = LeadReference
    api = make_api(app)
    for blueprint in (conversations, sending, leads, imports, knowledge, webhooks):
        # Keys need no token; for the session cookie `authentication` asks for one.
        csrf.exempt(blueprint)
        api.register_blueprint(blueprint)
    app.register_blueprint(reference)
