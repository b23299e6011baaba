"""The product's own app for a web server, with little patience and something large to fetch."""

import tempfile

from flask import Response, send_file

from kiaai.web import stalled_clients
from wsgi import app

stalled_clients.PATIENCE_SECONDS = 1

_large = tempfile.NamedTemporaryFile()  # noqa: SIM115  # it lives as long as the process
_large.truncate(60_000_000)


@app.get("/large")
def large() -> Response:
    return send_file(_large.name, mimetype="application/octet-stream")
