"""The journal of webhooks, and the receipts whose message is not known yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt, Id, Json, one_of


class WebhookEvent(Base):
    """One signed body as it came, written in the transaction of its effects."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        CheckConstraint(one_of("outcome", "applied", "failed", "unroutable", "erased"), name="outcome"),
        Index("ix_webhook_events_received_at", "received_at"),
        Index("ix_webhook_events_replay_at", "replay_at", postgresql_where=text("replay_at IS NOT NULL")),
        Index("ix_webhook_events_failed", "id", postgresql_where=text("outcome IN ('failed', 'unroutable')")),
    )

    id: Mapped[Id]
    received_at: Mapped[CreatedAt]
    body: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''"))
    outcome: Mapped[str] = mapped_column(server_default="applied")
    error: Mapped[str | None]
    replayed_at: Mapped[datetime | None]
    # When a worker applies it again by itself; null unless time ran out over it.
    replay_at: Mapped[datetime | None]


class OrphanReceipt(Base):
    """A status whose message is not known yet; joined as soon as it is."""

    __tablename__ = "orphan_receipts"
    __table_args__ = (
        UniqueConstraint("wamid", "status"),
        Index(
            "ix_orphan_receipts_next_try_at", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")
        ),
        Index("ix_orphan_receipts_send_key", "send_key", postgresql_where=text("send_key IS NOT NULL")),
    )

    id: Mapped[Id]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    wamid: Mapped[str]
    send_key: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(server_default="sent")
    timestamp: Mapped[CreatedAt]
    error_code: Mapped[int | None]
    error_text: Mapped[str | None]
    pricing: Mapped[Json | None]
    webhook_event_id: Mapped[int | None]
    received_at: Mapped[CreatedAt]
    # Null once a day has passed: kept and counted, no longer tried.
    next_try_at: Mapped[datetime | None] = mapped_column(server_default=text("clock_timestamp()"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
