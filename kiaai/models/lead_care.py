"""What is done with leads in bulk or for good: imports, merges, and what each person agreed to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt, Id, Json, one_of

IMPORT_STATES = ("preview", "queued", "running", "done", "failed", "undoing", "undone")


class Import(Base):
    """A file of leads, or a talk exported from WhatsApp, from its preview to its undo.

    kind: `leads` or `chat`. options: what the person chose (mapping of columns, zone, who is who).
    counts: lines by what became of them. content: the file, kept until the rows are done.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(one_of("kind", "leads", "chat"), name="kind"),
        CheckConstraint(one_of("state", *IMPORT_STATES), name="state"),
        Index("ix_imports_due", "id", postgresql_where=text("state IN ('queued', 'running', 'undoing')")),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(server_default="leads")
    state: Mapped[str] = mapped_column(server_default="preview")
    file_name: Mapped[str] = mapped_column(server_default="")
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    options: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    counts: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    # How far it has come; a worker that dies leaves the rest to the next one.
    done: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class ImportRow(Base):
    """What became of one line. old, new: the values that it changed, to take them back."""

    __tablename__ = "import_rows"
    __table_args__ = (
        CheckConstraint(one_of("outcome", "created", "changed", "unchanged", "refused"), name="outcome"),
        Index("ix_import_rows_lead_id", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
        Index("ix_import_rows_message_id", "message_id", postgresql_where=text("message_id IS NOT NULL")),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(server_default="unchanged")
    reason: Mapped[str | None]
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))
    old: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    new: Mapped[Json] = mapped_column(server_default=text("'{}'"))


class Merge(Base):
    """Two leads that are one person: lead_id stays, other_id is gone until they are parted.

    folded: conversations that went into another one, old id to new id. moved: all it takes to part them
    again; empty when that can no longer be done.
    """

    __tablename__ = "merges"
    __table_args__ = (Index("ix_merges_lead_id", "lead_id"), Index("ix_merges_other_id", "other_id"))

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    # No foreign key: the lead is gone while they are one.
    other_id: Mapped[int]
    folded: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    moved: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]
    undone_at: Mapped[datetime | None]


class NotDuplicate(Base):
    """Two leads of which somebody said that they are two persons. lead_id is the smaller one."""

    __tablename__ = "not_duplicates"
    __table_args__ = (
        CheckConstraint("lead_id < other_id", name="order"),
        Index("ix_not_duplicates_other_id", "other_id"),
    )

    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


class Consent(Base):
    """One dated fact: somebody agreed to be written to, or asked not to be. Append-only.

    by: who said so: the `customer` in a message, a `user`, the `api`, an `import`, or the `system`.
    """

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint(one_of("kind", "opt_in", "opt_out"), name="kind"),
        CheckConstraint(one_of("by", "user", "api", "import", "customer", "system"), name="by"),
        UniqueConstraint("lead_id", "kind", "said_at"),
        Index("ix_consents_message_id", "message_id", postgresql_where=text("message_id IS NOT NULL")),
    )

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(server_default="opt_in")
    said_at: Mapped[CreatedAt]
    by: Mapped[str] = mapped_column(server_default="system")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[CreatedAt]


class Erasure(Base):
    """Somebody was forgotten on request: when, by whom, and how much that was. Nothing says who it was.

    counts: how many there were of each thing. files: attachments whose files are still to be removed.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint(one_of("by", "user", "api", "system"), name="by"),
        Index("ix_erasures_files", "id", postgresql_where=text("files <> '{}'")),
    )

    id: Mapped[Id]
    # A number that names nothing any more; it says whom to forget again after a backup was restored.
    lead_id: Mapped[int]
    by: Mapped[str] = mapped_column(server_default="system")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    counts: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    files: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]


class ErasedMessage(Base):
    """What stays of a message of somebody who was forgotten: that there was one, when, and which way."""

    __tablename__ = "erased_messages"
    __table_args__ = (Index("ix_erased_messages_erasure_id", "erasure_id"),)

    id: Mapped[Id]
    erasure_id: Mapped[int] = mapped_column(ForeignKey("erasures.id", ondelete="CASCADE"))
    direction: Mapped[str] = mapped_column(server_default="incoming")
    author: Mapped[str] = mapped_column(server_default="customer")
    status: Mapped[str] = mapped_column(server_default="received")
    timestamp: Mapped[CreatedAt]


class ErasedId(Base):
    """The keyed hash of an id at WhatsApp: what comes once more under it is not taken in again."""

    __tablename__ = "erased_ids"
    __table_args__ = (Index("ix_erased_ids_erasure_id", "erasure_id"),)

    hash: Mapped[UUID] = mapped_column(primary_key=True)
    erasure_id: Mapped[int] = mapped_column(ForeignKey("erasures.id", ondelete="CASCADE"))
