"""A lead: the customer, from the first message on, with identities and history."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from kiaai.models.base import Base, CreatedAt, Id, Json, one_of
from kiaai.models.numbers import international
from kiaai.texts import lazy

LEAD_STATUSES = ("unknown", "potential_client", "customer", "bad_lead")
# They wrote or were written to; they came from an advertisement; somebody brought a list.
ORIGINS = ("direct", "ad", "import")
# The order is the order of trust when one message names several identities.
IDENTITY_KINDS = ("bsuid", "wa_id", "phone")


class Lead(Base):
    """A person who writes, or whom we wrote to.

    phone_number: digits only; null for a customer known by a business-scoped id alone.
    """

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint(one_of("lead_status", *LEAD_STATUSES), name="lead_status"),
        Index("ix_leads_last_contact_at_id", text("last_contact_at DESC"), text("id DESC")),
        Index("ix_leads_lead_status", "lead_status", text("last_contact_at DESC"), text("id DESC")),
        Index("ix_leads_phone_number", "phone_number"),
        # The list of conversations with the bot leaves these out.
        Index("ix_leads_opted_out", "id", postgresql_where=text("opted_out_at IS NOT NULL")),
    )

    id: Mapped[Id]
    phone_number: Mapped[str | None]
    customer_name: Mapped[str | None]
    lead_status: Mapped[str] = mapped_column(server_default="unknown")
    first_contact_at: Mapped[CreatedAt]
    last_contact_at: Mapped[CreatedAt]
    notes: Mapped[str] = mapped_column(server_default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    opted_out_at: Mapped[datetime | None]
    # When the newest opt-out or opt-in was said; an older one that comes late changes nothing.
    consent_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    source: Mapped[Json] = mapped_column(server_default=text("'{}'"))

    identities: Mapped[list["LeadIdentity"]] = relationship(back_populates="lead", viewonly=True)

    @property
    def display_name(self) -> str:
        if self.customer_name:
            return self.customer_name
        return international(self.phone_number) if self.phone_number else lazy("No name")


class LeadIdentity(Base):
    """One way WhatsApp names a person: `wa_id`, `bsuid` or `phone` (the canonical match key)."""

    __tablename__ = "lead_identities"
    __table_args__ = (
        CheckConstraint(one_of("kind", *IDENTITY_KINDS), name="kind"),
        Index("ix_lead_identities_lead_id", "lead_id"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    # Deferrable: an identity is claimed with a drawn lead id before the lead itself is written.
    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    )
    created_at: Mapped[CreatedAt]

    lead: Mapped[Lead] = relationship(back_populates="identities", viewonly=True)


class LeadName(Base):
    """The name and number of a lead as they are searched for. Kept by triggers on `leads`.

    Apart from the lead, whose row changes with every message: see migration 0002.
    """

    __tablename__ = "lead_names"
    __table_args__ = (
        Index(
            "ix_lead_names_grams",
            text("kiaai_grams(name)"),
            text("kiaai_grams(number)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": 256},
        ),
        Index(
            "ix_lead_names_ending",
            text('"right"(number, 8)'),
            "lead_id",
            postgresql_where=text("number IS NOT NULL"),
        ),
    )

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str | None]
    number: Mapped[str | None]


class LeadTag(Base):
    """Which lead has which tag, to find them by it. Kept by triggers on `leads`, apart as `LeadName` is."""

    __tablename__ = "lead_tags"
    __table_args__ = (Index("ix_lead_tags_lead_id", "lead_id"),)

    tag: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)


class LeadFact(Base):
    """What leads are ordered and filtered by and no message changes. Kept by triggers on `leads`.

    name: without accents and capitals, so that a plain order is that of the alphabet; whoever has none stands
    last, by the number. origin: how they came, of what `source` says.
    """

    __tablename__ = "lead_facts"
    __table_args__ = (
        CheckConstraint(one_of("origin", *ORIGINS), name="origin"),
        Index("ix_lead_facts_name", "name", "lead_id"),
        Index("ix_lead_facts_first_contact_at", "first_contact_at", "lead_id"),
        Index("ix_lead_facts_origin", "origin", "lead_id"),
    )

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(Text(collation="C"), server_default="")
    first_contact_at: Mapped[CreatedAt]
    origin: Mapped[str] = mapped_column(server_default="direct")


class LeadEvent(Base):
    """One line of a lead's history. Append-only.

    kind: what changed (`status`, `notes`, `tags`, `name`, `opted_out`, `handed_off`, `taken_over` ...).
    by: `user`, `bot`, `api`, `import`, `customer` or `system`.
    """

    __tablename__ = "lead_events"
    __table_args__ = (
        CheckConstraint(one_of("by", "user", "bot", "api", "import", "customer", "system"), name="by"),
        Index("ix_lead_events_lead_id_id", "lead_id", "id"),
        Index(
            "ix_lead_events_possible_duplicate",
            "new",
            postgresql_where=text("kind = 'possible_duplicate'"),
        ),
    )

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(server_default="")
    old: Mapped[str | None]
    new: Mapped[str | None]
    by: Mapped[str] = mapped_column(server_default="system")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    detail: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]
