"""Made-up leads with conversations, to look around in. Nothing of it is ever queued for sending."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, cast, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from kiaai import clock
from kiaai.extensions import db
from kiaai.leads.demo_files import sample
from kiaai.leads.demo_stories import Story, Told, invent, tell
from kiaai.leads.imports.saving import claim_numbers
from kiaai.media import media_folder
from kiaai.models import Attachment, Base, Consent, Conversation, Lead, LeadEvent, LeadIdentity, Message
from kiaai.models.base import Json

BATCH = 250

# state: type, name and reason of a file that could not be had.
_LOST_FILES = {
    "expired": ("video/mp4", None, "WhatsApp no longer has this file."),
    "refused": ("application/pdf", "manual completo.pdf", "The file is larger than 100 MB."),
}


def make_up(count: int, channel_id: int) -> Iterator[tuple[int, int]]:
    """Invent `count` people, the same ones each time; those already there are left alone.

    Yields (people done, leads made) after each batch, which the caller commits. The channel must be a
    sandbox's. Times are counted back from now.
    """
    now = clock.now()
    for start in range(0, count, BATCH):
        stories = [invent(index, now) for index in range(start, min(start + BATCH, count))]
        yield len(stories), _write(stories, channel_id)


def count_missing(count: int) -> int:
    """Return how many of these people are not there yet."""
    now = clock.now()
    numbers = [invent(index, now).number for index in range(count)]
    taken = select(LeadIdentity.value).where(LeadIdentity.kind == "phone", LeadIdentity.value.in_(numbers))
    known = select(Lead.phone_number).where(Lead.phone_number.in_(numbers))
    return len(set(numbers) - set(db.session.scalars(taken)) - set(db.session.scalars(known)))


def _write(stories: Sequence[Story], channel_id: int) -> int:
    numbers = {story.number for story in stories}
    # Rows that came in by plain SQL may have no identity to claim.
    numbers -= set(db.session.scalars(select(Lead.phone_number).where(Lead.phone_number.in_(numbers))))
    lead_ids = claim_numbers(sorted(numbers))
    new = [story for story in stories if story.number in lead_ids]
    ids = zip(new, _draw_ids(Conversation, len(new)), strict=True)
    told = [tell(story, lead_ids[story.number], id_, channel_id) for story, id_ in ids]
    messages = [message for one in told for message in one.messages]
    for message, message_id in zip(messages, _draw_ids(Message, len(messages)), strict=True):
        message["id"] = message_id
    _insert(Lead, [one.lead for one in told])
    _also_known_as([(story.number, lead_ids[story.number]) for story in new])
    _insert(Conversation, [one.conversation for one in told])
    _insert(Message, messages)
    _insert(Attachment, _attachments(told))
    _insert(LeadEvent, [event for one in told for event in one.events])
    _insert(Consent, [_consent(one) for one in told if one.lead["opted_out_at"]])
    return len(new)


def _draw_ids(table: type[Base], count: int) -> Sequence[int]:
    number = cast(func.nextval(f"{table.__tablename__}_id_seq"), BigInteger)
    return db.session.scalars(select(number).select_from(func.generate_series(1, count))).all()


def _insert(table: type[Base], rows: list[Json]) -> None:
    if rows:
        db.session.execute(insert(table), rows)


def _also_known_as(numbers: Sequence[tuple[str, int]]) -> None:
    """Add WhatsApp's own id, as people who wrote have one."""
    rows = [{"kind": "wa_id", "value": number, "lead_id": lead_id} for number, lead_id in numbers]
    if rows:
        db.session.execute(insert_or_skip(LeadIdentity).on_conflict_do_nothing(), rows)


def _consent(told: Told) -> Json:
    """Return the fact that they asked for no more messages, with the message that said it."""
    said = [message for message in told.messages if message["direction"] == "incoming"][-1]
    at: datetime = told.lead["opted_out_at"]
    return {
        "lead_id": told.lead["id"],
        "kind": "opt_out",
        "said_at": at,
        "by": "customer",
        "message_id": said["id"],
    }


def _attachments(told: Sequence[Told]) -> list[Json]:
    files = [(message, name) for one in told for message, name in one.files]
    ids = _draw_ids(Attachment, len(files))
    return [_attachment(id_, message, name) for id_, (message, name) in zip(ids, files, strict=True)]


def _attachment(attachment_id: int, message: Json, name: str) -> Json:
    at: datetime = message["timestamp"]
    row: Json = {"id": attachment_id, "message_id": message["id"], "created_at": at, "tries": 1}
    if name in _LOST_FILES:
        mime_type, file_name, reason = _LOST_FILES[name]
        lost = {
            "state": name,
            "error": reason,
            "path": None,
            "size_bytes": None,
            "sha256": None,
            "stored_at": None,
        }
        return {**row, **lost, "mime_type": mime_type, "file_name": file_name}
    content, mime_type, file_name = sample(name)
    # Not made to last through a power cut: it is only a demo, and this is much quicker.
    kept = media_folder().keep(attachment_id, content, is_durable=False)
    return {
        **row,
        "state": "stored",
        "error": None,
        "path": kept.path,
        "size_bytes": kept.size_bytes,
        "sha256": kept.sha256,
        "stored_at": at,
        "mime_type": mime_type,
        "file_name": file_name,
    }
