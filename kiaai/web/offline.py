"""The page that a browser shows by itself while it has no connection, and the worker that keeps it there."""

from flask import Blueprint, Response, make_response, render_template, url_for

from kiaai.web.languages import asked_language
from kiaai.web.release import release

bp = Blueprint("offline", __name__)

# All that the page loads. Sheets name their fonts without a hash.
_FILES = (
    *(f"css/{sheet}.css" for sheet in ("tokens", "base", "layout", "components")),
    *("icons/favicon.svg", "icons/icons.svg", "js/theme.js", "js/offline.js"),
)
_FONT = "fonts/inter-latin-wght-normal.woff2"


@bp.get("/offline")
def page() -> str:
    """Draw the page. Open to all, and the same for all: browsers keep it where others may sit later."""
    return render_template("offline/page.html")


@bp.get("/service-worker.js")
def worker() -> Response:
    """Answer the worker. With the release or the language it changes, and browsers load the page anew."""
    files = [url_for("static", filename=name) for name in _FILES]
    response = make_response(
        render_template(
            "offline/service_worker.js",
            cache=f"offline-{asked_language()}-{release()}",
            page=url_for("offline.page"),
            files=[*files, url_for("static", filename=_FONT, v=None)],
        )
    )
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "no-cache"
    return response
