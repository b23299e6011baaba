"""The SQL of the hot path. Sent as one string in one round trip; each statement sees those before it.

A statement must never write one row twice: PostgreSQL would silently lose the second change.
"""

from functools import lru_cache

from kiaai.delivery.lanes import refresh_due_sql
from kiaai.delivery.receipts import APPLY
from kiaai.webhook.prepared import execute, prepare

_IDENTITIES = """jsonb_to_recordset(CAST(:identities AS jsonb))
    AS i(customer bigint, channel_id bigint, kind text, value text, trust int, may_create boolean)"""
# OFFSET 0 keeps the planner from turning a look-up by key into a join. It did so wherever it thought a
# table empty, and a body of a thousand newcomers then took minutes instead of a quarter of a second.
_LEAD = """LATERAL (SELECT lead_id FROM lead_identities
        WHERE kind = i.kind AND value = i.value OFFSET 0) li"""
_CONVERSATION = """LATERAL (SELECT id, answers_to FROM conversations
        WHERE lead_id = li.lead_id AND channel_id = i.channel_id OFFSET 0) c"""
_BLOCK = """LATERAL (SELECT blocked_at IS NOT NULL AS is_blocked FROM leads
        WHERE id = li.lead_id OFFSET 0) l"""
_KNOWN_LEADS = f"{_IDENTITIES} CROSS JOIN {_LEAD}"
_KNOWN_CONVERSATIONS = f"{_KNOWN_LEADS} CROSS JOIN {_CONVERSATION}"

JOURNAL = "INSERT INTO webhook_events (body, outcome, error) VALUES (:body, :outcome, :error)"
# Everything this transaction stores gets a higher id; a replay stored its messages long before.
MARK = "SELECT set_config('kiaai.mark', nextval('messages_id_seq')::text, true)"
_IS_NEW = "{row}.webhook_event_id = {event} AND {row}.id > current_setting('kiaai.mark')::bigint"
# The row just written by this session; a replay names the row it applies again.
NEW_EVENT = "currval('webhook_events_id_seq')"
OLD_EVENT = "CAST(:event_id AS bigint)"

LOCK_LEADS = f"""
    SELECT l.id FROM (SELECT DISTINCT lead_id FROM {_KNOWN_LEADS} ORDER BY 1) their
        CROSS JOIN LATERAL (SELECT id FROM leads WHERE id = their.lead_id FOR NO KEY UPDATE) l"""

LOCK_CONVERSATIONS = f"""
    WITH theirs AS MATERIALIZED (
        SELECT c.id FROM {_KNOWN_CONVERSATIONS}
        UNION SELECT m.conversation_id FROM unnest(CAST(:known AS text[])) k(wamid)
            CROSS JOIN LATERAL (SELECT conversation_id FROM messages WHERE message_id = k.wamid OFFSET 0) m
        UNION SELECT m.conversation_id FROM unnest(CAST(:send_keys AS uuid[])) k(send_key)
            CROSS JOIN LATERAL (SELECT conversation_id FROM messages WHERE send_key = k.send_key OFFSET 0) m)
    SELECT c.id FROM (SELECT id FROM theirs ORDER BY 1) their
        CROSS JOIN LATERAL (SELECT id FROM conversations WHERE id = their.id FOR NO KEY UPDATE) c"""

# `= ANY (ARRAY(...))` beside a join makes PostgreSQL look up these rows by key, however few it believes in.
# The wamid is the gate: only what was really inserted has effects, so a repetition has none.
_STORE = f"""
    WITH asked AS (
        SELECT * FROM jsonb_to_recordset(CAST(:messages AS jsonb)) AS a(customer bigint, ordinal int,
            wamid text, direction text, author text, kind text, "text" text, preview text, payload jsonb,
            reply_to text, "timestamp" timestamptz, status text, referral jsonb, is_history boolean,
            counts_unread boolean, opens_window boolean, wants_answer boolean, is_consent boolean,
            writer text, has_file boolean,
            media_id text, mime_type text, file_name text, sha256 text)
    ),
    people AS (
        SELECT DISTINCT ON (i.customer) i.customer, c.id AS conversation_id, l.is_blocked,
            -- A lead that was merged has several numbers or ids: which one a message is with is written down.
            c.answers_to IS NOT NULL AS is_of_several
        FROM {_KNOWN_CONVERSATIONS} CROSS JOIN {_BLOCK}
        ORDER BY i.customer, i.trust
    ),
    inserted AS (
        INSERT INTO messages (conversation_id, direction, author, kind, text, payload, message_id, reply_to,
            status, timestamp, sent_at, delivered_at, read_at, party, webhook_event_id)
        SELECT p.conversation_id, a.direction, a.author, a.kind, a.text, a.payload, a.wamid, a.reply_to,
            a.status, a.timestamp,
            CASE WHEN a.direction = 'outgoing' THEN a.timestamp END,
            CASE WHEN a.status IN ('delivered', 'read', 'played') AND a.direction = 'outgoing'
                THEN a.timestamp END,
            CASE WHEN a.status IN ('read', 'played') AND a.direction = 'outgoing' THEN a.timestamp END,
            CASE WHEN p.is_of_several THEN a.writer END,
            {{event}}
        FROM asked a JOIN people p USING (customer)
        ORDER BY a.timestamp, a.ordinal
        ON CONFLICT (message_id) WHERE message_id IS NOT NULL DO NOTHING
        RETURNING id, conversation_id, message_id
    ),
    files AS (
        INSERT INTO attachments (message_id, media_id, mime_type, file_name, sha256)
        SELECT n.id, a.media_id, a.mime_type, a.file_name, a.sha256
        FROM inserted n JOIN asked a ON a.wamid = n.message_id WHERE a.has_file
    ),
    news AS MATERIALIZED (
        SELECT n.conversation_id,
            -- What a blocked person writes is kept, but calls nobody. A stop of theirs is still written down.
            count(*) FILTER (WHERE a.counts_unread AND NOT p.is_blocked) AS unread,
            max(a.timestamp) FILTER (WHERE a.opens_window) AS inbound_at,
            (array_agg(a.writer ORDER BY a.timestamp DESC, n.id DESC) FILTER (WHERE a.opens_window))[1]
                AS writer,
            max(a.timestamp) FILTER (WHERE a.author = 'phone' AND NOT a.is_history) AS spoke_at,
            bool_or(a.wants_answer AND NOT p.is_blocked) AS wants_answer,
            bool_or(a.is_consent) AS is_consent,
            min(a.timestamp) AS first_at,
            max(a.timestamp) AS last_at,
            (array_agg(a.preview ORDER BY a.timestamp DESC, n.id DESC))[1] AS preview,
            (array_agg(a.direction ORDER BY a.timestamp DESC, n.id DESC))[1] AS direction,
            (array_agg(a.referral ORDER BY a.timestamp) FILTER (WHERE a.referral IS NOT NULL))[1] AS referral
        FROM inserted n JOIN asked a ON a.wamid = n.message_id JOIN people p USING (customer)
        GROUP BY n.conversation_id
    ),
    shown AS (
        UPDATE conversations c SET
            version = c.version + 1,
            last_message_at = CASE WHEN c.last_direction IS NULL OR s.last_at >= c.last_message_at
                THEN s.last_at ELSE c.last_message_at END,
            last_message_preview = CASE WHEN c.last_direction IS NULL OR s.last_at >= c.last_message_at
                THEN s.preview ELSE c.last_message_preview END,
            last_direction = CASE WHEN c.last_direction IS NULL OR s.last_at >= c.last_message_at
                THEN s.direction ELSE c.last_direction END,
            -- Who answered on the phone app has read what came before.
            unread_count = CASE WHEN s.spoke_at >= greatest(c.last_inbound_at, s.inbound_at) THEN 0
                ELSE c.unread_count + s.unread END,
            last_inbound_at = greatest(c.last_inbound_at, s.inbound_at),
            -- The window is that of the number they last wrote from, and so are the answers.
            answers_to = CASE WHEN c.answers_to IS NOT NULL AND s.writer IS NOT NULL
                AND s.inbound_at >= coalesce(c.last_inbound_at, s.inbound_at) THEN s.writer
                ELSE c.answers_to END,
            state = CASE WHEN s.unread > 0 THEN 'open' ELSE c.state END,
            snoozed_until = CASE WHEN s.unread > 0 THEN NULL ELSE c.snoozed_until END,
            -- A person who writes on the phone app takes the word, as in the dashboard.
            owner_epoch = c.owner_epoch + CASE WHEN s.spoke_at IS NULL THEN 0 ELSE 1 END,
            bot_quiet_until = greatest(c.bot_quiet_until, s.spoke_at + interval '12 hours'),
            bot_due_at = CASE WHEN s.spoke_at IS NOT NULL THEN NULL
                -- A burst puts the turn off, but not for ever. Each message moves it, if only to now: a turn
                -- that is under way sees by that what it has not read.
                WHEN {{is_bot_asked}} THEN least(clock_timestamp() + make_interval(secs => :bot_wait),
                    greatest(c.bot_since_at + interval '30 s', clock_timestamp()))
                ELSE c.bot_due_at END,
            bot_since_at = CASE WHEN s.spoke_at IS NOT NULL THEN NULL
                WHEN {{is_bot_asked}} THEN coalesce(c.bot_since_at, clock_timestamp())
                ELSE c.bot_since_at END
        FROM news s
        WHERE c.id = s.conversation_id AND c.id = ANY (ARRAY(SELECT conversation_id FROM news))
        RETURNING c.lead_id, s.first_at, s.inbound_at, s.referral
    ),
    named AS MATERIALIZED (
        SELECT DISTINCT ON (li.lead_id) li.lead_id, p.name
        FROM {_KNOWN_LEADS} JOIN jsonb_to_recordset(CAST(:people AS jsonb)) AS p(customer bigint, name text)
            ON i.customer = p.customer
        WHERE p.name IS NOT NULL ORDER BY li.lead_id, i.trust
    ),
    met AS MATERIALIZED (
        SELECT lead_id, min(first_at) AS first_at, max(inbound_at) AS inbound_at,
            (array_agg(referral))[1] AS referral
        FROM shown GROUP BY lead_id
    ),
    told AS (
        INSERT INTO lead_events (lead_id, kind, new, by)
        SELECT l.id, 'name', n.name, 'customer' FROM leads l JOIN named n ON n.lead_id = l.id
        WHERE l.id = ANY (ARRAY(SELECT lead_id FROM met)) AND coalesce(l.customer_name, '') = ''
    )
    UPDATE leads l SET
        first_contact_at = least(l.first_contact_at, s.first_at),
        last_contact_at = greatest(l.last_contact_at, s.inbound_at),
        -- The name in WhatsApp fills a gap; what a person of the team wrote stays.
        customer_name = coalesce(nullif(l.customer_name, ''), n.name),
        -- WhatsApp tells only once from which advertisement someone came.
        source = CASE WHEN s.referral IS NULL THEN l.source
            ELSE jsonb_build_object('referral', s.referral) || l.source END
    FROM met s LEFT JOIN named n USING (lead_id)
    WHERE l.id = s.lead_id AND l.id = ANY (ARRAY(SELECT lead_id FROM met))"""

# A stop is heard even where the bot is off or a person has the word: then it is only written down.
_IS_BOT_ASKED = (
    "(s.is_consent OR (s.wants_answer AND :bot_enabled AND c.bot_enabled"
    " AND (c.bot_quiet_until IS NULL OR c.bot_quiet_until <= :now)))"
)

# What the bot had queued when a person wrote on the phone app.
CANCEL_BOT = f"""
    UPDATE messages b SET status = 'cancelled', cancelled_at = clock_timestamp()
    FROM messages e
    WHERE e.message_id = ANY (CAST(:wamids AS text[])) AND e.author = 'phone' AND {{is_new}}
      AND b.conversation_id = e.conversation_id AND b.author = 'bot' AND b.status = 'queued';
    {refresh_due_sql("c.id IN (SELECT conversation_id FROM messages WHERE message_id = ANY (:wamids))")}"""

# Whichever came first, the message or its edit: the newest edit counts, and only of one's own message.
EDITS = (
    """
    UPDATE messages m SET text = e.text, edited_at = e.timestamp,
        payload = m.payload || jsonb_build_object('original_text',
            coalesce(m.payload -> 'original_text', to_jsonb(m.text)))
    FROM (SELECT DISTINCT ON (reply_to) reply_to, conversation_id, direction, text, timestamp FROM messages
          WHERE kind = 'edit' AND reply_to = ANY (CAST(:edited AS text[]))
          ORDER BY reply_to, timestamp DESC, id DESC) e
    WHERE m.message_id = e.reply_to AND m.conversation_id = e.conversation_id AND m.direction = e.direction
      AND (m.edited_at IS NULL OR m.edited_at < e.timestamp) AND m.kind <> 'erased'""",
    """
    UPDATE messages m SET revoked_at = e.timestamp FROM messages e
    WHERE e.kind = 'revoke' AND e.reply_to = ANY (CAST(:edited AS text[]))
      AND m.message_id = e.reply_to AND m.conversation_id = e.conversation_id AND m.direction = e.direction
      AND m.revoked_at IS NULL""",
)

# Whom of the body nobody knows yet, under any of their identities.
STRANGERS = f"""
    SELECT count(*) AS strangers FROM (
        SELECT i.customer FROM {_IDENTITIES} LEFT JOIN {_LEAD} ON true LEFT JOIN {_CONVERSATION} ON true
        WHERE i.may_create GROUP BY i.customer
        HAVING bool_or(li.lead_id IS NULL) OR count(c.id) = 0) one"""

# Whether anything of the body was erased with a person: see `erased_ids`.
_IS_ERASED = """EXISTS (SELECT FROM unnest(CAST(:hashes AS uuid[])) h(hash)
        CROSS JOIN LATERAL (SELECT FROM erased_ids WHERE hash = h.hash OFFSET 0) e)"""

# What was asked and what is there now. A missing message or a stranger means: someone is new.
CHECK = f"""
    WITH strangers AS MATERIALIZED ({STRANGERS})
    SELECT s.strangers, {_IS_ERASED} AS has_forgotten, {{event}} AS event_id,
        a.wamid, m.id AS message_id, m.conversation_id,
        f.id AS attachment_id,
        coalesce({{is_new}}, false) AS is_new,
        coalesce(c.bot_due_at IS NOT NULL, false) AS is_bot_due,
        EXISTS (SELECT 1 FROM messages e WHERE e.reply_to = a.wamid AND e.kind IN ('edit', 'revoke') OFFSET 0)
            AS is_edited,
        coalesce(m.kind = 'erased', false) AS is_erased
    FROM strangers s LEFT JOIN unnest(CAST(:wamids AS text[])) AS a(wamid) ON true
        LEFT JOIN LATERAL (SELECT id, conversation_id, webhook_event_id, kind FROM messages
            WHERE message_id = a.wamid OFFSET 0) m ON true
        LEFT JOIN LATERAL (SELECT bot_due_at FROM conversations
            WHERE id = m.conversation_id OFFSET 0) c ON true
        LEFT JOIN LATERAL (SELECT id FROM attachments WHERE message_id = m.id OFFSET 0) f ON true"""


@lru_cache
def _hot(event: str) -> dict[str, str]:
    """Return the statements that every body may need, by the names under which they are prepared."""
    is_new = _IS_NEW.format(row="m", event=event)
    return {
        "kiaai_lock_leads": LOCK_LEADS,
        "kiaai_lock_conversations": LOCK_CONVERSATIONS,
        "kiaai_store": _STORE.format(event=event, is_bot_asked=_IS_BOT_ASKED),
        "kiaai_receipts": APPLY.replace(":event_id", event),
        "kiaai_check": CHECK.format(event=event, is_new=is_new),
    }


PREPARE_ALL = ";\n".join(prepare(name, sql) for name, sql in _hot(NEW_EVENT).items())


def apply_all(
    event: str, *, with_journal: bool, has_messages: bool, has_receipts: bool, has_echoes: bool
) -> str:
    """Return the statements for one body as one string; `event` is SQL for the journal row's id.

    With NEW_EVENT they are those of PREPARE_ALL.
    """
    hot = _hot(event)
    if event == NEW_EVENT:
        hot = {name: execute(name, sql) for name, sql in hot.items()}
    parts = [JOURNAL] if with_journal else []
    # The mark after the locks: of two replays of one row, the second finds the first's messages below it.
    parts += [hot["kiaai_lock_leads"], hot["kiaai_lock_conversations"], MARK]
    if has_messages:
        parts.append(hot["kiaai_store"])
    if has_echoes:
        parts.append(CANCEL_BOT.format(is_new=_IS_NEW.format(row="e", event=event)))
    if has_receipts:
        parts.append(hot["kiaai_receipts"])
    parts.append(hot["kiaai_check"])
    return ";\n".join(parts)
