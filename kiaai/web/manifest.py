"""What makes the dashboard an app on a phone: its name, its icons, its colours."""

import json

from flask import Blueprint, Response, url_for

from kiaai.texts import lazy
from kiaai.web.filters import business_name
from kiaai.web.saying import said

bp = Blueprint("manifest", __name__)

# The dark ground of tokens.css, which a manifest cannot read.
GROUND = "#0c1014"
_ICONS = (("icon", "any"), ("maskable", "maskable"))
_SIZES = (192, 512)


@bp.get("/manifest.webmanifest")
def manifest() -> Response:
    """Tell a browser how to install the dashboard. Open to all: it is asked for without a session."""
    content = {
        "id": "/",
        "name": business_name(),
        "short_name": business_name()[:12].strip(),
        "description": said(lazy("The team's WhatsApp inbox")),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": GROUND,
        "background_color": GROUND,
        "icons": [
            {
                "src": url_for("static", filename=f"icons/{name}-{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for name, purpose in _ICONS
            for size in _SIZES
        ],
    }
    response = Response(json.dumps(content, ensure_ascii=False), mimetype="application/manifest+json")
    response.headers["Cache-Control"] = "no-cache"
    return response
