"""Put an exported talk into the conversation of its customer, as history: nothing of it is ever sent.

The window, the unread count, the bot and the webhooks are not told: all this was said long ago.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from kiaai import clock
from kiaai.delivery.channels import own_channel
from kiaai.delivery.showing import show_newest
from kiaai.extensions import db
from kiaai.leads.finding import find_lead, find_or_create_conversation, find_or_create_lead
from kiaai.leads.imports.chat_file import read_chat
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.records import go_on, lock_import
from kiaai.leads.imports.saving import lock_leads
from kiaai.leads.pipeline import Actor
from kiaai.models import Channel, Conversation, Import, ImportRow, Lead
from kiaai.whatsapp.cleaning import one_line
from kiaai.whatsapp.phone_numbers import digits_of, match_key

BATCH = 500
# The line of the lead, where the import had to make it.
LEAD_LINE = 0
_MINUTE = timedelta(minutes=1)

_THERE = text("""
    SELECT direction, text, timestamp FROM messages
    WHERE conversation_id = :id AND timestamp BETWEEN :first AND :last
      AND text IS NOT NULL AND NOT payload ? 'imported'""")
_WRITE = text("""
    WITH written AS (
        INSERT INTO messages (conversation_id, direction, text, payload, author, status, timestamp, sent_at,
            client_key)
        SELECT :conversation_id, direction, text, payload, author, status, at,
            CASE direction WHEN 'outgoing' THEN at END, key
        FROM ROWS FROM (jsonb_to_recordset(CAST(:rows AS jsonb)) AS (direction text, text text,
            payload jsonb, author text, status text, at timestamptz, key text)) WITH ORDINALITY
            AS told (direction, text, payload, author, status, at, key, place)
        ORDER BY place
        ON CONFLICT DO NOTHING RETURNING id, client_key)
    SELECT client_key, id FROM written""")
_KEEP = text("""
    INSERT INTO import_rows (import_id, line, outcome, message_id)
    SELECT :import_id, line, outcome, message_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS done (line bigint, outcome text, message_id bigint)""")


@dataclass(frozen=True)
class Told:
    """One message as it goes into the conversation. line: its place in the file, from 1."""

    line: int
    direction: str
    text: str
    at: datetime
    key: str
    is_media: bool

    def as_row(self, import_id: int) -> dict[str, object]:
        is_incoming = self.direction == "incoming"
        return {
            "direction": self.direction,
            "text": self.text,
            "payload": {"imported": import_id} | ({"media_omitted": True} if self.is_media else {}),
            "author": "customer" if is_incoming else "phone",
            "status": "received" if is_incoming else "sent",
            "at": self.at.isoformat(),
            "key": self.key,
        }


def told_of(record: Import) -> list[Told]:
    """Read the file of an import as it was chosen: who is who, in which order the dates stand, which zone."""
    options = record.options
    zone = ZoneInfo(options["zone"])
    now = clock.now().astimezone(zone).replace(tzinfo=None)
    talk = read_chat(record.content or b"", record.file_name, "", now).talk
    person = match_key(options["phone"]) or options["phone"]
    times: Counter[tuple[str, datetime, str]] = Counter()
    told = []
    for line, said in enumerate(talk.said, 1):
        local = said.at(options["order"])
        if local is None:
            continue
        at = local.replace(tzinfo=zone).astimezone(UTC)
        direction = "incoming" if said.name == options["customer"] else "outgoing"
        times[direction, at, said.text] += 1
        # The same words twice in a minute are two messages; the same file twice is one.
        parts = (person, direction, at.isoformat(), said.text, str(times[direction, at, said.text]))
        key = "import:" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]
        told.append(Told(line, direction, said.text, at, key, said.is_media))
    return told


def chat_batches(told: Sequence[Told], done: int) -> Iterator[Sequence[Told]]:
    """Give what is left to do in handfuls."""
    for start in range(done, len(told), BATCH):
        yield told[start : start + BATCH]


def do_chat_batch(import_id: int, batch: Sequence[Told], done: int) -> bool:
    """Write one batch, unless another worker has; tell whether it was ours to do. No commit."""
    record = lock_import(import_id)
    if record is None or record.state != "running" or record.done != done:
        return False
    conversation = _conversation(record, batch)
    there = _there_already(conversation, batch)
    new = [told for told in batch if not _is_there(told, there)]
    rows = json.dumps([told.as_row(import_id) for told in new])
    written = db.session.execute(_WRITE, {"conversation_id": conversation.id, "rows": rows})
    ids: dict[str, int] = {row.client_key: row.id for row in written}
    _note(record, batch, ids)
    if ids:
        show_newest(conversation)
        conversation.version += 1
    return True


def _conversation(record: Import, batch: Sequence[Told]) -> Conversation:
    """Return the conversation of the customer, locked; both are made when there is none."""
    phone, actor = record.options["phone"], Actor("import", record.user_id)
    is_known = find_lead(phone) is not None
    lead = find_or_create_lead(phone, actor=actor)
    if not is_known:
        _introduce(lead, record, batch)
    if not lock_leads([lead.id]):
        # They were merged while we waited: who was kept has their number now.
        lead = find_or_create_lead(phone, actor=actor)
        lock_leads([lead.id])
    channel_id = record.options.get("channel_id")
    channel = (db.session.get(Channel, channel_id) if channel_id else None) or own_channel()
    conversation = find_or_create_conversation(lead, channel)
    record.conversation_id = conversation.id
    db.session.flush()
    locked = select(Conversation).where(Conversation.id == conversation.id).with_for_update(key_share=True)
    return db.session.scalars(locked.execution_options(populate_existing=True)).one()


def _introduce(lead: Lead, record: Import, batch: Sequence[Told]) -> None:
    name = str(record.options["customer"])
    lead.customer_name = None if digits_of(name) else one_line(name, 200)
    lead.first_contact_at, lead.last_contact_at = batch[0].at, batch[-1].at
    lead.source = {"import": record.file_name, "import_id": record.id}
    db.session.add(ImportRow(import_id=record.id, line=LEAD_LINE, outcome="created", lead_id=lead.id))
    db.session.flush()


def _there_already(conversation: Conversation, batch: Sequence[Told]) -> Counter[tuple[str, str, datetime]]:
    """Count what came in and went out by itself in that time: the export tells it again."""
    times = [told.at for told in batch]
    period = {"id": conversation.id, "first": min(times) - _MINUTE, "last": max(times) + 2 * _MINUTE}
    rows = db.session.execute(_THERE, period)
    return Counter((direction, said.strip(), _minute(at)) for direction, said, at in rows)


def _is_there(told: Told, there: Counter[tuple[str, str, datetime]]) -> bool:
    # A phone and WhatsApp's servers do not always agree on the minute.
    for minute in (_minute(told.at) + _MINUTE * step for step in (0, 1, -1)):
        if there[told.direction, told.text, minute] > 0:
            there[told.direction, told.text, minute] -= 1
            return True
    return False


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _note(record: Import, batch: Sequence[Told], ids: dict[str, int]) -> None:
    """Keep what became of each message, and how far the import has come."""
    counts = Counts.from_json(record.counts)
    rows = []
    for told in batch:
        outcome = "created" if told.key in ids else "unchanged"
        counts.add(outcome)
        rows.append({"line": told.line, "outcome": outcome, "message_id": ids.get(told.key)})
    db.session.execute(_KEEP, {"import_id": record.id, "rows": json.dumps(rows)})
    record.counts = counts.as_json()
    go_on(record, len(batch))
