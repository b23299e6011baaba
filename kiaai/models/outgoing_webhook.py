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
    """An address that wants to know. secret: signs every body.

    failing_since: when the first of the tries failed that have all failed since.
    """

    __tablename__ = "outgoing_webhooks"

    id: Mapped[Id]
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    last_success_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


class OutgoingDelivery(Base):
    """One event for one address. Written in the transaction of what it tells; told at least once.

    Triggers write it: see migration 0004. key: constant over all tries, so that the receiver knows a
    repetition. give_up_at: a try that fails after this is the last. lead_id: whom it tells of.
    """

    __tablename__ = "outgoing_deliveries"
    __table_args__ = (
        CheckConstraint(one_of("state", "due", "delivered", "failed"), name="state"),
        Index(
            "ix_outgoing_deliveries_due",
            "webhook_id",
            "next_try_at",
            "id",
            postgresql_where=text("state = 'due'"),
        ),
        Index(
            "ix_outgoing_deliveries_settled", "settled_at", postgresql_where=text("settled_at IS NOT NULL")
        ),
        Index("ix_outgoing_deliveries_lead_id", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
        Index("ix_outgoing_deliveries_webhook_id_id", "webhook_id", "id"),
    )

    id: Mapped[Id]
    # No foreign keys: deleting a webhook must neither stop nor fail the transaction of a message.
    webhook_id: Mapped[int]
    lead_id: Mapped[int | None]
    event: Mapped[str]
    key: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    payload: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default="due")
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime | None] = mapped_column(server_default=text("clock_timestamp()"))
    # As PostgreSQL writes it, so that a check of the migrations knows it again.
    give_up_at: Mapped[datetime] = mapped_column(
        server_default=text("(clock_timestamp() + '24:00:00'::interval)")
    )
    status: Mapped[int | None]
    error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
