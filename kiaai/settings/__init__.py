"""What admins set for the whole team: the business, canned replies, tags."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the room."""
    from kiaai.settings.business_views import bp as business
    from kiaai.settings.canned_reply_views import bp as canned_replies
    from kiaai.settings.tag_views import bp as tags

    for room in (business, canned_replies, tags):
        app.register_blueprint(room)
