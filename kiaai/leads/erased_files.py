"""The files of people who were erased: removed after the commit, or by the sweep when that broke off.

Commits by itself, once for each erasure.
"""

import logging

from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.media import media_folder
from kiaai.models import Erasure

log = logging.getLogger(__name__)

_DONE = text("UPDATE erasures SET files = CAST(:left AS bigint[]) WHERE id = :id")


def remove_due_files() -> None:
    """Remove what is left of all erasures."""
    due = select(Erasure.id).where(Erasure.files != []).order_by(Erasure.id)
    for erasure_id in list(db.session.scalars(due)):
        remove_files(erasure_id)
    db.session.commit()


def remove_files(erasure_id: int) -> None:
    """Remove the files of an erasure; those that cannot be are tried again by the sweep."""
    files = db.session.scalar(select(Erasure.files).where(Erasure.id == erasure_id)) or []
    db.session.commit()
    if not files:
        return
    fault_point("erased_files")
    left = [attachment_id for attachment_id in files if not _remove(attachment_id)]
    db.session.execute(_DONE, {"id": erasure_id, "left": left})
    db.session.commit()


def _remove(attachment_id: int) -> bool:
    try:
        media_folder().forget(attachment_id)
    except OSError as error:
        log.error("A file of somebody who was erased could not be removed: %s", error.strerror)
        return False
    return True
