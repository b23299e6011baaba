"""A conversation: one lead on one channel, with what the list shows and what the workers need."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kiaai.models.base import Base, CreatedAt, Id, one_of
from kiaai.models.channel import Channel
from kiaai.models.lead import Lead
from kiaai.models.user import User

# The window is 24 hours; it closes five minutes early, as replies near the end are sometimes refused.
WINDOW = timedelta(hours=23, minutes=55)
# Meta's pair limit: 45 messages at once to one person, then one per six seconds.
PAIR_BURST = 45

PRIORITIES = ("high", "normal", "low")
# The customer wrote last and waits for us: a bot that is about to answer is not us.
WAITS = (
    "state = 'open' AND last_direction = 'incoming' AND last_inbound_at IS NOT NULL AND bot_due_at IS NULL"
)
HIGH = "priority = 'high' AND state = 'open'"
# When a snoozed one comes back; one that sleeps for ever has its own place too.
SNOOZE_ENDS = "coalesce(snoozed_until, last_message_at)"


class Conversation(Base):
    """One lead on one channel. `version` is raised under the row lock by every visible change."""

    __tablename__ = "conversations"
    __table_args__ = (
        # The lead first, so that the conversations of a lead are found by it too: every message that comes in
        # writes all indexes of its conversation.
        UniqueConstraint("lead_id", "channel_id"),
        CheckConstraint(one_of("state", "open", "snoozed", "closed"), name="state"),
        CheckConstraint(one_of("last_direction", "incoming", "outgoing"), name="last_direction"),
        CheckConstraint(one_of("priority", *PRIORITIES), name="priority"),
        CheckConstraint("unread_count >= 0", name="unread_count"),
        Index("ix_conversations_last_message_at_id", text("last_message_at DESC"), text("id DESC")),
        Index(
            "ix_conversations_unread",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("unread_count > 0"),
        ),
        Index(
            "ix_conversations_open",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("state = 'open'"),
        ),
        # With the person, as theirs are picked out of all who wait without a look at the rows.
        Index(
            "ix_conversations_waiting",
            "last_inbound_at",
            "id",
            "assignee_id",
            postgresql_where=text(WAITS),
        ),
        Index(
            "ix_conversations_high",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text(HIGH),
        ),
        Index(
            "ix_conversations_unassigned",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("state = 'open' AND assignee_id IS NULL"),
        ),
        Index(
            "ix_conversations_assignee_id",
            "assignee_id",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("assignee_id IS NOT NULL AND state <> 'closed'"),
        ),
        Index(
            "ix_conversations_snoozed",
            text(SNOOZE_ENDS),
            "id",
            postgresql_where=text("state = 'snoozed'"),
        ),
        Index(
            "ix_conversations_closed",
            text("last_message_at DESC"),
            text("id DESC"),
            postgresql_where=text("state = 'closed'"),
        ),
        # Whose those are that are put away; together with the index above it finds all of a person's leads.
        Index(
            "ix_conversations_closed_assignee_id",
            "assignee_id",
            "lead_id",
            postgresql_where=text("assignee_id IS NOT NULL AND state = 'closed'"),
        ),
        Index(
            "ix_conversations_talk_due_at", "talk_due_at", postgresql_where=text("talk_due_at IS NOT NULL")
        ),
        Index(
            "ix_conversations_campaign_due_at",
            "campaign_due_at",
            postgresql_where=text("campaign_due_at IS NOT NULL"),
        ),
        Index("ix_conversations_bot_due_at", "bot_due_at", postgresql_where=text("bot_due_at IS NOT NULL")),
        Index(
            "ix_conversations_read_due_at", "read_due_at", postgresql_where=text("read_due_at IS NOT NULL")
        ),
    )

    id: Mapped[Id]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    created_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default=text("1"))

    # What the list shows.
    last_message_at: Mapped[CreatedAt]
    last_message_preview: Mapped[str] = mapped_column(server_default="")
    last_direction: Mapped[str | None]
    unread_count: Mapped[int] = mapped_column(server_default=text("0"))
    last_inbound_at: Mapped[datetime | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(server_default="open")
    snoozed_until: Mapped[datetime | None]
    priority: Mapped[str] = mapped_column(server_default="normal")

    # For the sender: when the head of each lane may go, and who holds the conversation.
    talk_due_at: Mapped[datetime | None]
    campaign_due_at: Mapped[datetime | None]
    # The number or id that answers go to, where the lead has several since a merge; null for the lead's own.
    answers_to: Mapped[str | None]
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    pair_tokens: Mapped[float] = mapped_column(server_default=text(str(PAIR_BURST)))
    pair_at: Mapped[datetime | None]
    # The newest incoming message that Meta is yet to be told is read, and when to try.
    read_wamid: Mapped[str | None]
    read_due_at: Mapped[datetime | None]

    # For the bot: who owns the conversation, and the turn under way.
    bot_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    owner_epoch: Mapped[int] = mapped_column(server_default=text("0"))
    bot_due_at: Mapped[datetime | None]
    # When the oldest message still waiting for the bot came; a burst cannot delay an answer forever.
    bot_since_at: Mapped[datetime | None]
    bot_quiet_until: Mapped[datetime | None]
    turn_token: Mapped[UUID | None]
    turn_until: Mapped[datetime | None]
    turn_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    turn_drops: Mapped[int] = mapped_column(server_default=text("0"))

    channel: Mapped[Channel] = relationship()
    lead: Mapped[Lead] = relationship()
    assignee: Mapped[User | None] = relationship()

    @property
    def window_expires_at(self) -> datetime | None:
        """Until when free text may be sent; null when the customer never wrote."""
        return self.last_inbound_at + WINDOW if self.last_inbound_at else None

    def is_window_open(self, at: datetime) -> bool:
        return bool(self.window_expires_at and at < self.window_expires_at)

    def is_bot_on(self, at: datetime) -> bool:
        """Tell whether the bot would answer the next message, as far as this conversation is concerned."""
        is_quiet = self.bot_quiet_until is not None and at < self.bot_quiet_until
        return self.bot_enabled and not is_quiet and not (self.lead.opted_out_at or self.lead.blocked_at)
