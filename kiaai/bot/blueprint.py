"""The pages of the bot: what it knows, what it could not answer, and a place to try it."""

from flask import Blueprint

bp = Blueprint("bot", __name__, url_prefix="/bot")
