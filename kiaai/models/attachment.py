"""An attachment: a file of a message, from Meta's id to the stored bytes."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt, Id, one_of


class Attachment(Base):
    """A file. `path` is relative to the media folder; Meta's id dies after seven days."""

    __tablename__ = "attachments"
    __table_args__ = (
        CheckConstraint(one_of("state", "waiting", "stored", "expired", "refused"), name="state"),
        Index("ix_attachments_message_id", "message_id"),
        Index("ix_attachments_next_try_at", "next_try_at", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    media_id: Mapped[str | None]
    mime_type: Mapped[str] = mapped_column(server_default="application/octet-stream")
    file_name: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    path: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[CreatedAt]
    error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    stored_at: Mapped[datetime | None]
