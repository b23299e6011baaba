"""The running workers, and the installation they belong to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt


class Process(Base):
    """One running worker; `seen_at` is refreshed every 15 seconds."""

    __tablename__ = "processes"

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[CreatedAt]
    seen_at: Mapped[CreatedAt]


class Installation(Base):
    """One row: is delivery held, when was the last heartbeat, and which instance folder is ours."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"), autoincrement=False)
    installation_id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    held_at: Mapped[datetime | None]
    held_reason: Mapped[str | None]
    last_seen_at: Mapped[datetime | None]
