"""A message: a row of the ledger, from queued to read, or as it came in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kiaai.models.attachment import Attachment
from kiaai.models.base import Base, CreatedAt, Id, Json, one_of
from kiaai.models.user import User

STATUSES = (
    "received",
    "queued",
    "sending",
    "unknown",
    "sent",
    "failed",
    "delivered",
    "read",
    "played",
    "cancelled",
)
# Statuses climb and never fall: "read" may arrive before "delivered".
STATUS_RANK = ("queued", "sending", "unknown", "sent", "failed", "delivered", "read", "played")
AUTHORS = ("customer", "user", "bot", "api", "campaign", "phone")
TEXT_LIMIT = 4096
# The kind of a message whose history was deleted: an empty row that keeps its wamid.
ERASED = "erased"


class Message(Base):
    """One message, reaction, edit or notice of a conversation.

    kind: WhatsApp's own type name, whatever it is. text: what a person reads, never trimmed.
    message_id: the wamid. send_key: constant over the tries of an outgoing row; Meta echoes it.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint(one_of("direction", "incoming", "outgoing"), name="direction"),
        CheckConstraint(one_of("status", *STATUSES), name="status"),
        CheckConstraint(one_of("author", *AUTHORS), name="author"),
        CheckConstraint(one_of("lane", "talk", "campaign"), name="lane"),
        CheckConstraint("status NOT IN ('queued', 'sending') OR direction = 'outgoing'", name="queue"),
        Index(
            "uq_messages_message_id",
            "message_id",
            unique=True,
            postgresql_where=sql("message_id IS NOT NULL"),
        ),
        Index("uq_messages_send_key", "send_key", unique=True, postgresql_where=sql("send_key IS NOT NULL")),
        Index(
            "uq_messages_client_key",
            "client_key",
            unique=True,
            postgresql_where=sql("client_key IS NOT NULL"),
        ),
        Index(
            "uq_messages_sending",
            "conversation_id",
            unique=True,
            postgresql_where=sql("status = 'sending'"),
        ),
        Index(
            "ix_messages_queue",
            "conversation_id",
            "lane",
            "id",
            postgresql_where=sql("status IN ('queued', 'sending')"),
        ),
        Index("ix_messages_thread", "conversation_id", "timestamp", "id"),
        # Reactions, edits and deletions find their message, whichever came first.
        Index(
            "ix_messages_annotations",
            "reply_to",
            postgresql_where=sql("kind IN ('reaction', 'edit', 'revoke')"),
        ),
        # How it is searched: inbox/message_search.py. Why it is made so: migration 0002.
        Index(
            "ix_messages_words",
            sql("kiaai_words(id, text)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": 256},
            postgresql_where=sql("text IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke')"),
        ),
    )

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    direction: Mapped[str] = mapped_column(server_default="incoming")
    kind: Mapped[str] = mapped_column(server_default="text")
    text: Mapped[str | None]
    payload: Mapped[Json] = mapped_column(server_default=sql("'{}'"))
    message_id: Mapped[str | None]
    send_key: Mapped[UUID | None]
    client_key: Mapped[str | None]
    client_hash: Mapped[str | None]
    reply_to: Mapped[str | None]
    # The customer's number or id, where the lead has several since a merge; null for the only one.
    party: Mapped[str | None]
    author: Mapped[str] = mapped_column(server_default="customer")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    lane: Mapped[str] = mapped_column(server_default="talk")
    epoch: Mapped[int | None]
    status: Mapped[str] = mapped_column(server_default="received")
    timestamp: Mapped[CreatedAt]
    created_at: Mapped[CreatedAt]
    sending_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    played_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    unknown_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    error_code: Mapped[int | None]
    error_text: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default=sql("0"))
    first_attempt_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # No foreign key: journal rows are pruned, messages stay.
    webhook_event_id: Mapped[int | None]

    attachments: Mapped[list[Attachment]] = relationship(order_by=Attachment.id, viewonly=True)
    user: Mapped[User | None] = relationship(viewonly=True)

    @property
    def is_outgoing(self) -> bool:
        return self.direction == "outgoing"
