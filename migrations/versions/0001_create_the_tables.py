"""Create the tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("keywords", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="es", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector(CASE language WHEN 'es' THEN 'spanish'::regconfig ELSE 'english'::regconfig END, lower(translate(title, 'áàâäãåéèêëíìîïóòôöõúùûüñçýÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇÝ', 'aaaaaaeeeeiiiiooooouuuuncyaaaaaaeeeeiiiiooooouuuuncy'))), 'A') || setweight(to_tsvector(CASE language WHEN 'es' THEN 'spanish'::regconfig ELSE 'english'::regconfig END, lower(translate(keywords, 'áàâäãåéèêëíìîïóòôöõúùûüñçýÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇÝ', 'aaaaaaeeeeiiiiooooouuuuncyaaaaaaeeeeiiiiooooouuuuncy'))), 'B') || setweight(to_tsvector(CASE language WHEN 'es' THEN 'spanish'::regconfig ELSE 'english'::regconfig END, lower(translate(body, 'áàâäãåéèêëíìîïóòôöõúùûüñçýÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇÝ', 'aaaaaaeeeeiiiiooooouuuuncyaaaaaaeeeeiiiiooooouuuuncy'))), 'C')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("language IN ('es', 'en')", name=op.f("ck_articles_language")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("source", "language", "title", name=op.f("uq_articles_source_language_title")),
    )
    op.create_index("ix_articles_search", "articles", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("phone_number_id", sa.Text(), nullable=False),
        sa.Column("waba_id", sa.Text(), nullable=True),
        sa.Column("display_phone_number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("is_sandbox", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_code", sa.BigInteger(), nullable=True),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_slot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fail_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("phone_number_id", name=op.f("uq_channels_phone_number_id")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("installation_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "leads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("lead_status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column(
            "first_contact_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "last_contact_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "source", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.CheckConstraint(
            "lead_status IN ('unknown', 'potential_client', 'customer', 'bad_lead')",
            name=op.f("ck_leads_lead_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index(
        "ix_leads_last_contact_at_id",
        "leads",
        [sa.literal_column("last_contact_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_leads_lead_status",
        "leads",
        ["lead_status", sa.literal_column("last_contact_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_leads_phone_number", "leads", ["phone_number"], unique=False)
    op.create_table(
        "processes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_processes")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("role", sa.Text(), server_default="member", nullable=False),
        sa.Column(
            "fs_uniquifier", sa.Text(), server_default=sa.text("(gen_random_uuid())::text"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'member')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_users_fs_uniquifier")),
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("body", sa.LargeBinary(), server_default=sa.text("''"), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="applied", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replay_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('applied', 'failed', 'unroutable', 'erased')", name=op.f("ck_webhook_events_outcome")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
    )
    op.create_index(
        "ix_webhook_events_failed",
        "webhook_events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("outcome IN ('failed', 'unroutable')"),
    )
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"], unique=False)
    op.create_index(
        "ix_webhook_events_replay_at",
        "webhook_events",
        ["replay_at"],
        unique=False,
        postgresql_where=sa.text("replay_at IS NOT NULL"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("prefix", sa.Text(), server_default="", nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_api_keys_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "last_message_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("last_message_preview", sa.Text(), server_default="", nullable=False),
        sa.Column("last_direction", sa.Text(), nullable=True),
        sa.Column("unread_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_inbound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talk_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("campaign_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pair_tokens", sa.Double(), server_default=sa.text("45"), nullable=False),
        sa.Column("pair_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_wamid", sa.Text(), nullable=True),
        sa.Column("read_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bot_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("owner_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("bot_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bot_since_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bot_quiet_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turn_token", sa.Uuid(), nullable=True),
        sa.Column("turn_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turn_attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("turn_drops", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "last_direction IN ('incoming', 'outgoing')", name=op.f("ck_conversations_last_direction")
        ),
        sa.CheckConstraint("state IN ('open', 'snoozed', 'closed')", name=op.f("ck_conversations_state")),
        sa.CheckConstraint("unread_count >= 0", name=op.f("ck_conversations_unread_count")),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["users.id"], name=op.f("fk_conversations_assignee_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_conversations_channel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_conversations_lead_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("lead_id", "channel_id", name=op.f("uq_conversations_lead_id_channel_id")),
    )
    op.create_index(
        "ix_conversations_assignee_id",
        "conversations",
        ["assignee_id"],
        unique=False,
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_bot_due_at",
        "conversations",
        ["bot_due_at"],
        unique=False,
        postgresql_where=sa.text("bot_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_campaign_due_at",
        "conversations",
        ["campaign_due_at"],
        unique=False,
        postgresql_where=sa.text("campaign_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_last_message_at_id",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_conversations_read_due_at",
        "conversations",
        ["read_due_at"],
        unique=False,
        postgresql_where=sa.text("read_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_talk_due_at",
        "conversations",
        ["talk_due_at"],
        unique=False,
        postgresql_where=sa.text("talk_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_unread",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("unread_count > 0"),
    )
    op.create_index(
        "ix_conversations_open",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "ix_conversations_closed",
        "conversations",
        [sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'closed'"),
    )
    op.create_table(
        "lead_identities",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('bsuid', 'wa_id', 'phone')", name=op.f("ck_lead_identities_kind")),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["leads.id"],
            name=op.f("fk_lead_identities_lead_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_lead_identities")),
    )
    op.create_index("ix_lead_identities_lead_id", "lead_identities", ["lead_id"], unique=False)
    op.create_table(
        "orphan_receipts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("wamid", sa.Text(), nullable=False),
        sa.Column("send_key", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="sent", nullable=False),
        sa.Column(
            "timestamp",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("error_code", sa.BigInteger(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("pricing", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("webhook_event_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "next_try_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=True,
        ),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_orphan_receipts_channel_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orphan_receipts")),
        sa.UniqueConstraint("wamid", "status", name=op.f("uq_orphan_receipts_wamid_status")),
    )
    op.create_index(
        "ix_orphan_receipts_next_try_at",
        "orphan_receipts",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )
    op.create_index(
        "ix_orphan_receipts_send_key",
        "orphan_receipts",
        ["send_key"],
        unique=False,
        postgresql_where=sa.text("send_key IS NOT NULL"),
    )
    op.create_table(
        "lead_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), server_default="system", nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("api_key_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "by IN ('user', 'bot', 'api', 'import', 'customer', 'system')", name=op.f("ck_lead_events_by")
        ),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_keys.id"], name=op.f("fk_lead_events_api_key_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_lead_events_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_lead_events_lead_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lead_events_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_events")),
    )
    op.create_index("ix_lead_events_lead_id_id", "lead_events", ["lead_id", "id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text(), server_default="incoming", nullable=False),
        sa.Column("kind", sa.Text(), server_default="text", nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("send_key", sa.Uuid(), nullable=True),
        sa.Column("client_key", sa.Text(), nullable=True),
        sa.Column("client_hash", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), server_default="customer", nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("lane", sa.Text(), server_default="talk", nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="received", nullable=False),
        sa.Column(
            "timestamp",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("played_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unknown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.BigInteger(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("attempt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("webhook_event_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "author IN ('customer', 'user', 'bot', 'api', 'campaign', 'phone')",
            name=op.f("ck_messages_author"),
        ),
        sa.CheckConstraint("direction IN ('incoming', 'outgoing')", name=op.f("ck_messages_direction")),
        sa.CheckConstraint("lane IN ('talk', 'campaign')", name=op.f("ck_messages_lane")),
        sa.CheckConstraint(
            "status IN ('received', 'queued', 'sending', 'unknown', 'sent', 'failed', 'delivered', 'read', 'played', 'cancelled')",
            name=op.f("ck_messages_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('queued', 'sending') OR direction = 'outgoing'", name=op.f("ck_messages_queue")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_messages_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_messages_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_annotations",
        "messages",
        ["reply_to"],
        unique=False,
        postgresql_where=sa.text("kind IN ('reaction', 'edit', 'revoke')"),
    )
    op.create_index(
        "ix_messages_queue",
        "messages",
        ["conversation_id", "lane", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )
    op.create_index("ix_messages_thread", "messages", ["conversation_id", "timestamp", "id"], unique=False)
    op.create_index(
        "uq_messages_client_key",
        "messages",
        ["client_key"],
        unique=True,
        postgresql_where=sa.text("client_key IS NOT NULL"),
    )
    op.create_index(
        "uq_messages_message_id",
        "messages",
        ["message_id"],
        unique=True,
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index(
        "uq_messages_send_key",
        "messages",
        ["send_key"],
        unique=True,
        postgresql_where=sa.text("send_key IS NOT NULL"),
    )
    op.create_index(
        "uq_messages_sending",
        "messages",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=True),
        sa.Column("mime_type", sa.Text(), server_default="application/octet-stream", nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_try_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'stored', 'expired', 'refused')", name=op.f("ck_attachments_state")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index("ix_attachments_message_id", "attachments", ["message_id"], unique=False)
    op.create_index(
        "ix_attachments_next_try_at",
        "attachments",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "bot_turns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("input", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "passages",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("tokens_in", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("read_up_to", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_bot_turns_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_bot_turns_message_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_turns")),
    )
    op.create_index("ix_bot_turns_conversation_id_id", "bot_turns", ["conversation_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_bot_turns_conversation_id_id", table_name="bot_turns")
    op.drop_table("bot_turns")
    op.drop_index(
        "ix_attachments_next_try_at", table_name="attachments", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_index("ix_attachments_message_id", table_name="attachments")
    op.drop_table("attachments")
    op.drop_index(
        "uq_messages_sending", table_name="messages", postgresql_where=sa.text("status = 'sending'")
    )
    op.drop_index(
        "uq_messages_send_key", table_name="messages", postgresql_where=sa.text("send_key IS NOT NULL")
    )
    op.drop_index(
        "uq_messages_message_id", table_name="messages", postgresql_where=sa.text("message_id IS NOT NULL")
    )
    op.drop_index(
        "uq_messages_client_key", table_name="messages", postgresql_where=sa.text("client_key IS NOT NULL")
    )
    op.drop_index("ix_messages_thread", table_name="messages")
    op.drop_index(
        "ix_messages_queue",
        table_name="messages",
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )
    op.drop_index(
        "ix_messages_annotations",
        table_name="messages",
        postgresql_where=sa.text("kind IN ('reaction', 'edit', 'revoke')"),
    )
    op.drop_table("messages")
    op.drop_index("ix_lead_events_lead_id_id", table_name="lead_events")
    op.drop_table("lead_events")
    op.drop_index(
        "ix_orphan_receipts_send_key",
        table_name="orphan_receipts",
        postgresql_where=sa.text("send_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_orphan_receipts_next_try_at",
        table_name="orphan_receipts",
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )
    op.drop_table("orphan_receipts")
    op.drop_index("ix_lead_identities_lead_id", table_name="lead_identities")
    op.drop_table("lead_identities")
    op.drop_index(
        "ix_conversations_unread", table_name="conversations", postgresql_where=sa.text("unread_count > 0")
    )
    op.drop_index(
        "ix_conversations_open", table_name="conversations", postgresql_where=sa.text("state <> 'closed'")
    )
    op.drop_index(
        "ix_conversations_closed", table_name="conversations", postgresql_where=sa.text("state = 'closed'")
    )
    op.drop_index(
        "ix_conversations_talk_due_at",
        table_name="conversations",
        postgresql_where=sa.text("talk_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_conversations_read_due_at",
        table_name="conversations",
        postgresql_where=sa.text("read_due_at IS NOT NULL"),
    )
    op.drop_index("ix_conversations_last_message_at_id", table_name="conversations")
    op.drop_index(
        "ix_conversations_campaign_due_at",
        table_name="conversations",
        postgresql_where=sa.text("campaign_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_conversations_bot_due_at",
        table_name="conversations",
        postgresql_where=sa.text("bot_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_conversations_assignee_id",
        table_name="conversations",
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.drop_table("conversations")
    op.drop_table("api_keys")
    op.drop_index(
        "ix_webhook_events_replay_at",
        table_name="webhook_events",
        postgresql_where=sa.text("replay_at IS NOT NULL"),
    )
    op.drop_index("ix_webhook_events_received_at", table_name="webhook_events")
    op.drop_index(
        "ix_webhook_events_failed",
        table_name="webhook_events",
        postgresql_where=sa.text("outcome IN ('failed', 'unroutable')"),
    )
    op.drop_table("webhook_events")
    op.drop_table("users")
    op.drop_table("processes")
    op.drop_index("ix_leads_phone_number", table_name="leads")
    op.drop_index("ix_leads_lead_status", table_name="leads")
    op.drop_index("ix_leads_last_contact_at_id", table_name="leads")
    op.drop_table("leads")
    op.drop_table("installation")
    op.drop_table("channels")
    op.drop_index("ix_articles_search", table_name="articles", postgresql_using="gin")
    op.drop_table("articles")
