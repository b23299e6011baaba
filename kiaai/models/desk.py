"""What a team keeps beside the messages: drafts, notes, canned replies, tags, and who is here."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kiaai.models.base import Base, CreatedAt, Id, one_of
from kiaai.models.message import Message
from kiaai.models.user import User

TAG_COLOURS = ("grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")


class Draft(Base):
    """What a person has begun to write in a conversation. is_note: for the team, not for the customer."""

    __tablename__ = "drafts"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    text: Mapped[str] = mapped_column(server_default="")
    is_note: Mapped[bool] = mapped_column(server_default=sql("false"))
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))
    updated_at: Mapped[CreatedAt]

    reply_to: Mapped[Message | None] = relationship()


class Note(Base):
    """An internal note in a thread. Apart from messages, so that nothing can ever send it."""

    __tablename__ = "notes"
    __table_args__ = (Index("ix_notes_conversation_id_created_at", "conversation_id", "created_at", "id"),)

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[CreatedAt]

    user: Mapped[User | None] = relationship()


class CannedReply(Base):
    """A text for everyday answers, called up by `/shortcut`. Its `{{name}}` and the like are filled in."""

    __tablename__ = "canned_replies"

    id: Mapped[Id]
    shortcut: Mapped[str] = mapped_column(unique=True)
    text: Mapped[str] = mapped_column(server_default="")
    updated_at: Mapped[CreatedAt]


class Tag(Base):
    """A tag that the team offers, with its colour. `leads.tags` holds names; a name may have no row here."""

    __tablename__ = "tags"
    __table_args__ = (CheckConstraint(one_of("colour", *TAG_COLOURS), name="colour"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    colour: Mapped[str] = mapped_column(server_default="grey")


class Presence(Base):
    """Who has a conversation open, and who is writing in it. Unlogged: a restart may forget it."""

    __tablename__ = "presence"
    __table_args__ = (
        Index("ix_presence_conversation_id", "conversation_id"),
        {"prefixes": ["UNLOGGED"]},
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    seen_at: Mapped[CreatedAt]
    typing_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
