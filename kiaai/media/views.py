"""The files of messages, for people of the team."""

import logging

from flask import Blueprint, Response, abort, send_file
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import login_required
from kiaai.extensions import db
from kiaai.media import media_folder
from kiaai.media.naming import download_name
from kiaai.media.sniffing import HEAD_BYTES, playable_type
from kiaai.models import Attachment

bp = Blueprint("media", __name__, url_prefix="/media")
log = logging.getLogger(__name__)


@bp.get("/<int:attachment_id>")
@login_required
def file(attachment_id: int) -> ResponseReturnValue:
    """Send a file: shown when its bytes are an image, audio or video, else only to be saved."""
    attachment = _stored_or_404(attachment_id)
    path = media_folder().find(attachment.path)
    if path is None:
        log.error("The file of attachment %s is not in the media folder", attachment_id)
        abort(404)
    with path.open("rb") as stream:
        shown_as = playable_type(stream.read(HEAD_BYTES), attachment.mime_type)
    response = send_file(
        path,
        # What is only saved gets no type that a browser would open by itself.
        mimetype=shown_as or "application/octet-stream",
        as_attachment=shown_as is None,
        download_name=download_name(attachment.file_name, attachment.mime_type, attachment.id),
        conditional=True,
    )
    return _guarded(response)


def _stored_or_404(attachment_id: int) -> Attachment:
    attachment = db.session.get(Attachment, attachment_id)
    if attachment is None or attachment.state != "stored":
        abort(404)
    return attachment


def _guarded(response: Response) -> Response:
    """Treat the file as what it is: something a stranger sent."""
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # Kept by the browser, but asked for each time: who was signed out sees nothing of it.
    response.headers["Cache-Control"] = "private, no-cache"
    return response
