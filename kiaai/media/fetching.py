"""Fetching the files of customers. It saves before and after the call, so it commits by itself."""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.media import media_folder
from kiaai.media.sniffing import HEAD_BYTES, true_type
from kiaai.media.storage import Kept, NoRoom
from kiaai.whatsapp.client import LARGEST_FILE_BYTES, MediaInfo, WhatsAppClient
from kiaai.whatsapp.downloads import FileTooLarge
from kiaai.whatsapp.errors import GraphError

log = logging.getLogger(__name__)

# Longer than a look-up and a download may take together: nobody fetches what another still does.
CLAIM_SECONDS = 240
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5, 3600
# WhatsApp forgets the id of a customer's file after this.
LIFE_DAYS = 7
# A refusal is believed when it is said this often: a file's id may reach Meta's servers after its message.
BELIEVED_TRIES = 3
_GONE = "WhatsApp no longer has this file."


@dataclass(frozen=True)
class Job:
    """An attachment that is ours to fetch for a while. sha256: what the webhook said, hex."""

    id: int
    message_id: int
    media_id: str | None
    mime_type: str
    sha256: str | None
    tries: int
    is_old: bool


class _Empty(GraphError):
    """Nothing came where something was announced."""

    def __init__(self) -> None:
        super().__init__("not_now", "The file came empty")


def fetch(attachment_id: int, client: WhatsAppClient) -> None:
    """Fetch one file and keep it; what fails for now is due again later. Commits.

    Does nothing when the file is not due, is kept already, or another worker is at it.
    """
    job = _claim(attachment_id)
    if job is None:
        return
    fault_point("file_after_claim")
    if job.media_id is None:
        _give_up(job, "refused", "WhatsApp sent no file with this message.")
        return
    try:
        kept, values = _download(job, job.media_id, client)
    except GraphError as error:
        _fail(job, error)
    except (NoRoom, OSError) as error:
        log.error("The file of attachment %s cannot be saved: %s", job.id, error)
        _try_later(job, str(error))
    else:
        fault_point("file_before_keep")
        _keep(job, kept, values)


def seconds_until_retry(tries: int) -> int:
    """Return how long to wait after so many tries, 1 or more: doubling from 5 s, at most an hour."""
    return min(FIRST_WAIT_SECONDS << min(tries - 1, 20), LONGEST_WAIT_SECONDS)


def _claim(attachment_id: int) -> Job | None:
    """Take the file for a while. A worker that dies leaves it due again, with one try more."""
    row = db.session.execute(
        text(
            "UPDATE attachments SET tries = tries + 1,"
            " next_try_at = clock_timestamp() + make_interval(secs => :seconds)"
            " WHERE id = :id AND state = 'waiting' AND next_try_at <= clock_timestamp()"
            " RETURNING id, message_id, media_id, mime_type, sha256, tries,"
            " created_at < clock_timestamp() - make_interval(days => :days) AS is_old"
        ),
        {"id": attachment_id, "seconds": CLAIM_SECONDS, "days": LIFE_DAYS},
    ).one_or_none()
    db.session.commit()
    # The call that follows may last minutes: no transaction and no connection is kept over it.
    db.session.remove()
    return Job(**row._mapping) if row else None


def _download(job: Job, media_id: str, client: WhatsAppClient) -> tuple[Kept, dict[str, Any]]:
    """Fetch the bytes into the media folder; return the file and what to write down about it."""
    info = client.look_up_media(media_id)
    with media_folder().draft(job.id) as draft:
        got = client.download_media(info, draft.file, LARGEST_FILE_BYTES)
        if not got.size_bytes and info.size_bytes != 0:
            raise _Empty
        mime_type = true_type(draft.head(HEAD_BYTES), job.mime_type)
        kept = draft.keep()
    return kept, {
        "path": kept.path,
        "mime_type": mime_type,
        "size_bytes": kept.size_bytes,
        "sha256": kept.sha256,
        "error": _doubt(job, info, kept),
    }


def _doubt(job: Job, info: MediaInfo, kept: Kept) -> str | None:
    """Return a note when the bytes are not those that were announced.

    Only a note: how Meta writes the checksum is not sure, TLS has kept the bytes whole, and a file with a
    doubt is worth more to the team than none.
    """
    announced = {digest for digest in (job.sha256, info.sha256) if digest}
    if not announced or kept.sha256 in announced:
        return None
    log.warning("The checksum of attachment %s is not the one WhatsApp gave", job.id)
    return "The checksum of this file is not the one WhatsApp gave."


def _fail(job: Job, error: GraphError) -> None:
    if isinstance(error, FileTooLarge):
        _give_up(job, "refused", "The file is larger than 100 MB.")
    elif not _is_final(job, error):
        _try_later(job, str(error))
    elif _says_gone(error):
        _give_up(job, "expired", _GONE)
    else:
        _give_up(job, "refused", f"WhatsApp does not give this file: {error.title}.")


def _is_final(job: Job, error: GraphError) -> bool:
    # Without access: somebody mends the token, and the file is still there.
    is_mendable = error.http_status in (401, 403, 407)
    return error.permanent and not is_mendable and job.tries >= BELIEVED_TRIES


def _says_gone(error: GraphError) -> bool:
    return error.http_status in (404, 410) or (error.code, error.subcode) == (100, 33)


def _try_later(job: Job, reason: str) -> None:
    if job.is_old:
        _give_up(job, "expired", f"{_GONE} It could not be fetched within {LIFE_DAYS} days: {reason}")
        return
    db.session.execute(
        text(
            "UPDATE attachments SET error = :reason,"
            " next_try_at = clock_timestamp() + make_interval(secs => :seconds)"
            " WHERE id = :id AND tries = :tries AND state = 'waiting'"
        ),
        {"id": job.id, "tries": job.tries, "reason": reason, "seconds": seconds_until_retry(job.tries)},
    )
    db.session.commit()


def _give_up(job: Job, state: str, reason: str) -> None:
    log.warning("The file of attachment %s is given up: %s", job.id, reason)
    media_folder().forget_drafts(job.id)
    _settle(job, state, {"error": reason})


def _keep(job: Job, kept: Kept, values: dict[str, Any]) -> None:
    if not _settle(job, "stored", values):
        # Another worker was faster, or the message was erased meanwhile.
        media_folder().remove(kept.path)


def _settle(job: Job, state: str, values: dict[str, Any]) -> bool:
    """Write the outcome if the file is still ours, and let the thread notice; tell whether it was."""
    _lock_conversation(job)
    columns = "".join(f", {name} = :{name}" for name in values)
    result = db.session.execute(
        text(
            "UPDATE attachments SET state = :state,"
            f" stored_at = CASE WHEN :state = 'stored' THEN clock_timestamp() END{columns}"
            " WHERE id = :id AND tries = :tries AND state = 'waiting' RETURNING id"
        ),
        {"id": job.id, "tries": job.tries, "state": state, **values},
    )
    is_ours = result.one_or_none() is not None
    if is_ours:
        _raise_version(job)
    db.session.commit()
    return is_ours


def _lock_conversation(job: Job) -> None:
    db.session.execute(
        text(
            "SELECT c.id FROM conversations c JOIN messages m ON m.conversation_id = c.id"
            " WHERE m.id = :message_id FOR NO KEY UPDATE OF c"
        ),
        {"message_id": job.message_id},
    )


def _raise_version(job: Job) -> None:
    db.session.execute(
        text(
            "UPDATE conversations SET version = version + 1"
            " WHERE id = (SELECT conversation_id FROM messages WHERE id = :message_id)"
        ),
        {"message_id": job.message_id},
    )
