"""The running workers, and the installation they belong to with what its people have set."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt, Json


class Process(Base):
    """One running worker; `seen_at` is refreshed every 15 seconds."""

    __tablename__ = "processes"

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[CreatedAt]
    seen_at: Mapped[CreatedAt]


class Installation(Base):
    """One row: is delivery held, the last heartbeat, which instance folder is ours, and the business.

    business_name, business_timezone: null for those of the settings. office_hours: ISO weekday (1 to 7, as
    text) to a list of [from, to] in `HH:MM`, and `closed` to a list of days; empty for always.
    """

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"), autoincrement=False)
    installation_id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    held_at: Mapped[datetime | None]
    held_reason: Mapped[str | None]
    last_seen_at: Mapped[datetime | None]
    business_name: Mapped[str | None]
    business_timezone: Mapped[str | None]
    office_hours: Mapped[Json] = mapped_column(server_default=text("'{}'"))
