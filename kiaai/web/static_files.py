"""Static files under addresses that change with their content, so that browsers may keep them for good."""

import hashlib
from pathlib import Path
from posixpath import normpath
from typing import Any

from flask import Flask, Response, request

from kiaai.web.packing import packed

HASH_LENGTH = 12
FOR_GOOD = "public, max-age=31536000, immutable"
TEXTS = (".css", ".js", ".svg")


def init_app(app: Flask) -> None:
    """Add `?v=<hash>` to every `url_for('static', ...)`, and let browsers keep what they get under it."""
    folder = Path(app.static_folder or "")
    hashes: dict[tuple[str, int], str] = {}

    @app.url_defaults
    def _add_hash(endpoint: str, values: dict[str, Any]) -> None:
        name = values.get("filename")
        if endpoint != "static" or not name or "v" in values:
            return
        version = _hash_of(folder / name, hashes)
        if version:
            values["v"] = version

    @app.before_request
    def _send_texts_whole() -> None:
        # A part of the file would not fit to what came packed.
        if request.endpoint == "static" and request.path.endswith(TEXTS):
            request.environ.pop("HTTP_RANGE", None)

    @app.after_request
    def _send(response: Response) -> Response:
        if request.endpoint != "static" or response.status_code not in (200, 304):
            return response
        if "v" in request.args:
            response.headers["Cache-Control"] = FOR_GOOD
        name = normpath((request.view_args or {})["filename"])
        return _pack(response, folder / name) if name.endswith(TEXTS) else response


def _pack(response: Response, path: Path) -> Response:
    """Send what is in the file in fewer bytes to those who can unpack it."""
    response.vary.add("Accept-Encoding")
    response.accept_ranges = "none"
    if response.status_code == 200 and request.accept_encodings.quality("gzip"):
        response.close()
        response.direct_passthrough = False
        response.data = packed(path, path.stat().st_mtime_ns)
        response.content_encoding = "gzip"
        response.set_etag(response.get_etag()[0] or "", weak=True)
    return response


def _hash_of(path: Path, hashes: dict[tuple[str, int], str]) -> str | None:
    """Return the hash of the content, read again only when the file was written anew."""
    try:
        key = (str(path), path.stat().st_mtime_ns)
        if key not in hashes:
            hashes[key] = hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_LENGTH]
    except OSError:
        return None
    return hashes[key]
