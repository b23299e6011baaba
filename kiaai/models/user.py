"""People of the team, and the API keys of their programs."""

from datetime import datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt, Id, one_of


class Role(RoleMixin):
    """A role by its name alone: `admin` or `member`. There is no table of roles."""

    def __init__(self, name: str):
        self.name = name


class User(Base, UserMixin):
    """A person of the team. `active` is false for someone who left; their sessions end at once."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(one_of("role", "admin", "member"), name="role"),
        CheckConstraint(one_of("language", "en", "es"), name="language"),
    )

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    role: Mapped[str] = mapped_column(server_default="member")
    # In which they read the dashboard; null for what their browser asks for.
    language: Mapped[str | None]
    # Flask-Security's session key of a person: changing it signs them out everywhere.
    fs_uniquifier: Mapped[str] = mapped_column(unique=True, server_default=text("(gen_random_uuid())::text"))
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[datetime | None]

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]  # derived from `role`, never assigned
        return [Role(self.role)]

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def display_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class ApiKey(Base):
    """A key of the JSON API. Only its hash is kept; the key itself is shown once."""

    __tablename__ = "api_keys"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(server_default="")
    prefix: Mapped[str] = mapped_column(server_default="")
    key_hash: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
