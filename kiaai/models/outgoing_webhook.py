"""Webhooks of ours: whom to tell of what happens here, and each time we told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from kiaai.models.base import Base, CreatedAt, Id, Json, one_of

OUTGOING_EVENTS = ("message.received", "message.status", "lead.changed", "conversation.assigned")


class OutgoingWebhook(Base):
    """An address that wants to know. secret: signs every body."""

    __tablename__ = "outgoing_webhooks"

    id: Mapped[Id]
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


class OutgoingDelivery(Base):
    """One event for one address. Written in the transaction of what it tells; told at least once.

    key: constant over all tries, so that the receiver knows a repetition.
    """

    __tablename__ = "outgoing_deliveries"
    __table_args__ = (
        CheckConstraint(one_of("state", "due", "delivered", "failed"), name="state"),
        Index("ix_outgoing_deliveries_due", "next_try_at", "id", postgresql_where=text("state = 'due'")),
        Index("ix_outgoing_deliveries_webhook_id_id", "webhook_id", "id"),
    )

    id: Mapped[Id]
    webhook_id: Mapped[int] = mapped_column(ForeignKey("outgoing_webhooks.id", ondelete="CASCADE"))
    event: Mapped[str]
    key: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    payload: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default="due")
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime | None] = mapped_column(server_default=text("clock_timestamp()"))
    status: Mapped[int | None]
    error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
