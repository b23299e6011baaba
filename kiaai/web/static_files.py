"""Static files under addresses that change with their content, so that browsers may keep them for good."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

HASH_LENGTH = 12
FOR_GOOD = "public, max-age=31536000, immutable"


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

    @app.after_request
    def _keep_for_good(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 304) and "v" in request.args:
            response.headers["Cache-Control"] = FOR_GOOD
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
