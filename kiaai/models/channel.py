"""A channel: one WhatsApp number of the business, its pace and whether it may send."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt, Id


class Channel(Base):
    """One WhatsApp number. Locked only in transactions that lock nothing else."""

    __tablename__ = "channels"

    id: Mapped[Id]
    phone_number_id: Mapped[str] = mapped_column(unique=True)
    waba_id: Mapped[str | None]
    display_phone_number: Mapped[str | None]
    name: Mapped[str | None]
    is_sandbox: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]
    paused_at: Mapped[datetime | None]
    paused_code: Mapped[int | None]
    paused_reason: Mapped[str | None]
    hold_until: Mapped[datetime | None]
    next_slot_at: Mapped[datetime | None]
    fail_count: Mapped[int] = mapped_column(server_default=text("0"))
    probe_at: Mapped[datetime | None]
