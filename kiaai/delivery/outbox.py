"""Queue a message, undo it, send it again. To send is to insert a `queued` row and ring after the commit."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from kiaai import clock
from kiaai.delivery.lanes import refresh_due
from kiaai.delivery.ownership import lock, person_spoke
from kiaai.delivery.refusing import require_sendable
from kiaai.delivery.showing import show_newest
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.leads.former import former_conversation_ids
from kiaai.models import Conversation, Message
from kiaai.models.message import ERASED
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text
from kiaai.whatsapp.previews import preview_of

# So long what a person sends from the dashboard waits, so that they can take it back.
UNDO_SECONDS = 5
KEY_LIMIT = 200
# What was to be sent again and was not may be sent again.
_NOT_SENT_AGAIN = sql("""
    UPDATE messages SET payload = payload - 'sent_again_as'
    WHERE conversation_id = :conversation_id AND status IN ('failed', 'unknown')
        AND jsonb_typeof(payload) = 'object'
        AND payload -> 'sent_again_as' = to_jsonb(CAST(:id AS bigint))""")


@dataclass(frozen=True)
class Sender:
    """Who sends. author: `user`, `bot`, `api` or `campaign`."""

    author: str
    user_id: int | None = None
    api_key_id: int | None = None

    @property
    def key_owner(self) -> str:
        """Whose idempotency keys these are."""
        return f"key-{self.api_key_id}" if self.api_key_id else f"user-{self.user_id}"


@dataclass(frozen=True)
class Draft:
    """What is to be sent. payload: the Graph API's object of the kind, by its name."""

    kind: str
    text: str | None
    payload: dict[str, Any]
    reply_to: str | None

    def digest(self, conversation_id: int) -> str:
        said = json.dumps([conversation_id, asdict(self)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()


def queue_message(
    conversation: Conversation,
    by: Sender,
    *,
    text: str | None = None,
    kind: str = "text",
    payload: dict[str, Any] | None = None,
    reply_to: str | None = None,
    idempotency_key: str | None = None,
    keep_bot: bool = False,
    epoch: int | None = None,
    wait_seconds: float = 0,
) -> Message:
    """Queue a message behind what the conversation already sends, and return its row.

    The same `idempotency_key` with the same content returns the first row. epoch: of a bot's message.
    wait_seconds: not to leave sooner, and neither does what is queued behind it.
    Raises ValidationFailed (`validation_failed`, `window_closed`, `opted_out`, `idempotency_key_reused`).
    The caller commits, then rings.
    """
    draft = Draft(kind, clean_text(text).strip() if text else None, payload or {}, reply_to)
    conversation = lock(conversation.id)
    client_key = f"{by.key_owner}:{_checked_key(idempotency_key)}" if idempotency_key else None
    digest = draft.digest(conversation.id)
    if client_key and (first := _first_with(client_key, draft, conversation.id)):
        return first
    # As it stands behind the lock: somebody may just have blocked the person.
    db.session.refresh(conversation.lead, ["blocked_at", "opted_out_at"])
    at = clock.now()
    require_sendable(conversation, by.author, draft.kind, draft.text or "", at)
    message = _insert(conversation, by, draft, at, client_key, digest, epoch, wait_seconds)
    if by.author == "user" or (by.author == "api" and not keep_bot):
        person_spoke(conversation, at)
    _show(conversation, message)
    refresh_due(conversation.id)
    db.session.refresh(conversation, ["talk_due_at", "campaign_due_at"])
    return message


def send_again(message: Message, by: Sender, *, wait_seconds: float = 0) -> Message:
    """Queue a new row with the content of one that failed or whose fate is unknown.

    Pressing twice queues once, whoever presses. wait_seconds: not to leave sooner.
    Raises ValidationFailed when the message needs no second try.
    """
    conversation = lock(message.conversation_id)
    db.session.refresh(message)
    if message.conversation_id != conversation.id:
        # Two people were parted meanwhile: it went to the other one's conversation.
        conversation = lock(message.conversation_id)
    if again_id := message.payload.get("sent_again_as"):
        return db.session.get_one(Message, again_id)
    if message.status not in ("failed", "unknown") or message.kind == ERASED:
        raise ValidationFailed(
            lazy("This message did not fail, so it is not sent again."), {"message": [lazy("Already sent.")]}
        )
    again = queue_message(
        conversation,
        by,
        text=message.text,
        kind=message.kind,
        payload=message.payload,
        reply_to=message.reply_to,
        wait_seconds=wait_seconds,
    )
    again.party = message.party
    message.payload = {**message.payload, "sent_again_as": again.id}
    return again


def cancel(message_id: int) -> bool:
    """Undo a message that has not left yet. False means: it is already on its way."""
    conversation_id = db.session.scalar(select(Message.conversation_id).where(Message.id == message_id))
    if conversation_id is None:
        raise NotFound(lazy("This message does not exist."))
    conversation = lock(conversation_id)
    cancelled = db.session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.status == "queued")
        .values(status="cancelled", cancelled_at=func.clock_timestamp())
        .returning(Message.id)
    )
    if cancelled is None:
        return False
    db.session.execute(_NOT_SENT_AGAIN, {"id": message_id, "conversation_id": conversation_id})
    show_newest(conversation)
    conversation.version += 1
    refresh_due(conversation_id)
    return True


def _checked_key(key: str) -> str:
    if len(key) > KEY_LIMIT or clean_text(key) != key:
        reason = lazy("At most %(limit)s characters, and plain ones.", limit=KEY_LIMIT)
        raise ValidationFailed(
            lazy("This Idempotency-Key cannot be used. %(reason)s", reason=reason),
            {"Idempotency-Key": [reason]},
        )
    return key


def _first_with(client_key: str, draft: Draft, conversation_id: int) -> Message | None:
    first = db.session.scalar(select(Message).where(Message.client_key == client_key))
    if first and not _says(first, draft, conversation_id):
        raise ValidationFailed(
            lazy("This Idempotency-Key was used for another message. Use a new key for each message."),
            code="idempotency_key_reused",
        )
    return first


def _says(first: Message, draft: Draft, conversation_id: int) -> bool:
    """Tell whether the row is of this draft, also where its conversation has gone into this one since."""
    if first.client_hash == draft.digest(conversation_id):
        return True
    return any(first.client_hash == draft.digest(id_) for id_ in former_conversation_ids(conversation_id))


def _insert(
    conversation: Conversation,
    by: Sender,
    draft: Draft,
    at: datetime,
    client_key: str | None,
    digest: str,
    epoch: int | None,
    wait_seconds: float,
) -> Message:
    message = Message(
        conversation_id=conversation.id,
        direction="outgoing",
        kind=draft.kind,
        text=draft.text,
        payload=draft.payload,
        reply_to=draft.reply_to,
        party=conversation.answers_to,
        author=by.author,
        user_id=by.user_id,
        lane="campaign" if by.author == "campaign" else "talk",
        epoch=epoch,
        status="queued",
        send_key=uuid4(),
        client_key=client_key,
        client_hash=digest,
        timestamp=_after_newest(conversation.id, at),
    )
    if wait_seconds:
        # By the database's clock, which decides when it is due.
        message.next_attempt_at = func.clock_timestamp() + timedelta(seconds=wait_seconds)
    try:
        with db.session.begin_nested():
            db.session.add(message)
    except IntegrityError:
        # The same key came at the same time for another conversation, whose lock is not ours.
        if client_key:
            _first_with(client_key, draft, conversation.id)
        raise
    return message


def _after_newest(conversation_id: int, at: datetime) -> datetime:
    """Return the later of now and the newest time in the thread: what we say comes after what we answer."""
    newest = db.session.scalar(
        select(func.max(Message.timestamp)).where(Message.conversation_id == conversation_id)
    )
    return max(at, newest) if newest else at


def _show(conversation: Conversation, message: Message) -> None:
    conversation.last_message_at = max(message.timestamp, conversation.last_message_at)
    conversation.last_message_preview = preview_of(message.kind, {}, message.text)
    conversation.last_direction = "outgoing"
    conversation.version += 1
