"""Fill a migrated database with an inbox of any size. Words are frequent and rare as in life.

Some words have a known frequency, whatever the size, so that searches can be compared: see `WORDS`.
"""

import random

from sqlalchemy import Connection, text

from bench.vocabulary import FIRST_NAMES, LAST_NAMES, SYLLABLES, TALK

# By what a search for it must do: find enough at once, go through most blocks of messages, or through all.
WORDS = {
    "30 %": "hola",
    "1 %": "garantía",
    "rare": "permuta",
    "two often together": "hola precio",
    "two hardly ever together": "hola gracias",
    "none": "inexistente",
}
# Names: one that every tenth has, one of 1 %, and one that a single person has.
# Tags: one that every tenth lead has, and one that few have.
TAGS = {"10 %": "mayorista", "0.2 %": "vip"}
NAMES = {"10 %": "María", "1 %": "Millaray", "one": "Xóchitl Ñancupil", "none": "Wenceslao"}

_FIRST, _LAST = FIRST_NAMES.split(), LAST_NAMES.split()
_SENTENCES = 20_000


def fill(connection: Connection, messages: int, conversations: int) -> None:
    """Write so many conversations with so many messages into empty tables, and analyse them.

    connection: in autocommit, as a superuser. A million messages take less than a minute.
    """
    # Foreign keys hold by construction; checking a million of them takes longer than writing the rows.
    _run(connection, "SET session_replication_role = replica", "SET maintenance_work_mem = '256MB'")
    _run(connection, "SET synchronous_commit = off", "SELECT setseed(0.42)")
    _write_sentences(connection)
    indexes = _drop_indexes(connection)
    _write_people(connection, conversations)
    _run(connection, _MESSAGES, messages=messages, conversations=conversations, sentences=_SENTENCES)
    _run(connection, *indexes)
    _run(connection, _LIST, messages=messages)
    _run(connection, "DROP TABLE sentences", "RESET session_replication_role", "RESET maintenance_work_mem")
    _run(connection, "RESET synchronous_commit")
    for table in (
        "leads",
        "lead_names",
        "lead_identities",
        "lead_tags",
        "lead_facts",
        "conversations",
        "messages",
    ):
        _run(connection, f"VACUUM (ANALYZE) {table}")


def _write_people(connection: Connection, conversations: int) -> None:
    _run(connection, _CHANNEL)
    names = random.Random(42)  # the same people each time, and no secret
    people = [_name(number, names) for number in range(min(conversations, 20_000))]
    people[min(len(people) - 1, 7)] = NAMES["one"]
    _run(connection, _LEADS, names=people, people=len(people), conversations=conversations)
    _run(connection, _SEARCHED_NAMES, _IDENTITIES, _TAGS, _FACTS, _CONVERSATIONS)


def _name(number: int, names: random.Random) -> str:
    if number % 100 == 99:
        first = NAMES["1 %"]
    else:
        first = NAMES["10 %"] if number % 10 == 1 else _FIRST[1 + _zipf(names, len(_FIRST) - 1)]
    return f"{first} {_LAST[_zipf(names, len(_LAST))]} {_LAST[_zipf(names, len(_LAST))]}"


def _write_sentences(connection: Connection) -> None:
    words = random.Random(42)  # the same texts each time, and no secret
    invented = ["".join(words.choices(SYLLABLES.split(), k=words.randint(2, 4))) for _ in range(20_000)]
    vocabulary = [*TALK.split(), *invented]
    bodies = [_sentence(number, words, vocabulary) for number in range(_SENTENCES)]
    _run(connection, "CREATE TABLE sentences (id int PRIMARY KEY, body text)")
    _run(connection, _INSERT_SENTENCES, bodies=bodies)


def _sentence(number: int, words: random.Random, vocabulary: list[str]) -> str:
    said = [vocabulary[_zipf(words, len(vocabulary))] for _ in range(words.randint(2, 14))]
    is_greeting = number % 10 < 3
    if is_greeting:
        said.insert(0, "Hola,")
    if number % 10 in (3, 4) or number == 0:
        said.append("¡gracias!")
    if number % 100 == 55:
        said.insert(1, WORDS["1 %"])
    if number == 777:
        said.insert(1, WORDS["rare"])
    return " ".join(said).capitalize()


def _zipf(draw: random.Random, size: int) -> int:
    """Draw a place in a list: the first ones often, the last ones hardly ever."""
    return int(size ** draw.random()) - 1


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop indexes that are quicker to make than to fill, and return how to make them again."""
    found = connection.execute(text(_INDEXES)).all()
    _run(connection, *(f"DROP INDEX {name}" for name, _ in found))
    return [statement for _, statements in found for statement in statements.split(";")]


def _run(connection: Connection, *statements: str, **values: object) -> None:
    for statement in statements:
        # A definition of an index holds colons that are no parameters.
        if values:
            connection.execute(text(statement), values)
        else:
            connection.exec_driver_sql(statement.replace("%", "%%"))


_CHANNEL = """
    INSERT INTO channels (phone_number_id, display_phone_number, is_sandbox)
    VALUES ('200000000000001', '56221110000', true) ON CONFLICT DO NOTHING"""
_LEADS = """
    INSERT INTO leads (phone_number, customer_name, lead_status, tags, first_contact_at, last_contact_at)
    SELECT (56900000000 + n)::text, p.name,
        (ARRAY['unknown', 'unknown', 'potential_client', 'customer', 'bad_lead'])[1 + n % 5],
        CASE WHEN n % 10 = 3 THEN CAST('{mayorista}' AS text[]) WHEN n % 500 = 4 THEN '{vip}' ELSE '{}' END,
        now() - interval '1 year', now() - (:conversations - n) * interval '1 minute'
    FROM generate_series(1, :conversations) n
        JOIN unnest(CAST(:names AS text[])) WITH ORDINALITY p(name, place)
            -- A name that one person has stays that of one, however many there are.
            ON p.place = CASE WHEN n > :people AND n % :people = 7 THEN 1 ELSE n % :people END + 1"""
# The triggers that keep these are off.
_TAGS = """
    INSERT INTO lead_tags SELECT tag, id FROM leads CROSS JOIN unnest(tags) tag"""
_FACTS = """
    INSERT INTO lead_facts (lead_id, name, first_contact_at)
    SELECT id, lower(translate(customer_name, 'áéíóúñÁÉÍÓÚÑ', 'aeiounaeioun')), first_contact_at FROM leads"""
_SEARCHED_NAMES = """
    INSERT INTO lead_names SELECT id, customer_name, phone_number FROM leads"""
_IDENTITIES = """
    INSERT INTO lead_identities (kind, value, lead_id)
    SELECT kind, phone_number, id FROM leads CROSS JOIN (VALUES ('wa_id'), ('phone')) k(kind)"""
_CONVERSATIONS = """
    INSERT INTO conversations (channel_id, lead_id)
    SELECT (SELECT min(id) FROM channels), id FROM leads ORDER BY id"""
_INSERT_SENTENCES = """
    INSERT INTO sentences
    SELECT place, body FROM unnest(CAST(:bodies AS text[])) WITH ORDINALITY b(body, place)"""
_INDEXES = """
    SELECT indexname, concat_ws(';', indexdef, (
        SELECT string_agg(format('ALTER INDEX %I ALTER COLUMN %s SET STATISTICS %s', indexname, attnum,
            attstattarget), ';') FROM pg_attribute
        WHERE attrelid = to_regclass(quote_ident(indexname)) AND attstattarget >= 0))
    FROM pg_indexes
    WHERE schemaname = 'public' AND tablename IN ('messages', 'lead_names') AND indexname NOT LIKE 'pk%'"""
# Few write much and most write little, all at the same time; every fourth text holds a word of its own.
_MESSAGES = """
    INSERT INTO messages (conversation_id, direction, author, kind, text, message_id, status, timestamp,
        created_at, sent_at, delivered_at, read_at)
    SELECT c.id, CASE WHEN is_incoming THEN 'incoming' ELSE 'outgoing' END,
        CASE WHEN is_incoming THEN 'customer' ELSE 'user' END, 'text',
        s.body || CASE WHEN n % 4 = 1 THEN ' kx' || lpad(n::text, 8, '0') ELSE '' END,
        'wamid.FILL' || n, CASE WHEN is_incoming THEN 'received' ELSE 'read' END, at, at,
        CASE WHEN is_incoming THEN NULL ELSE at END, CASE WHEN is_incoming THEN NULL ELSE at END,
        CASE WHEN is_incoming THEN NULL ELSE at END
    FROM (SELECT n, n % 2 = 1 AS is_incoming, now() - (:messages - n) * interval '10 s' AS at,
            1 + floor(:conversations * CASE WHEN n <= :conversations THEN (n - 1)::float / :conversations
                ELSE power(random(), 2) END)::bigint AS place,
            1 + floor(random() * :sentences)::int AS sentence
        FROM generate_series(1, :messages) n OFFSET 0) drawn
        JOIN sentences s ON s.id = sentence
        JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM conversations) c USING (place)
    ORDER BY n"""
# Every fiftieth is unread, every fifth is put away, and of those every tenth only sleeps. Every third is
# somebody's; few are high.
_LIST = """
    UPDATE conversations c SET version = 2, last_message_at = m.timestamp, last_inbound_at = m.timestamp,
        last_message_preview = left(m.text, 100),
        -- No window of somebody who waits closes while it is measured what polls with nothing new cost.
        last_direction = CASE WHEN now() - m.timestamp BETWEEN interval '21 hours' AND interval '1 day'
            THEN 'outgoing' ELSE m.direction END,
        unread_count = CASE WHEN c.id % 50 = 1 THEN 2 ELSE 0 END,
        state = CASE WHEN c.id % 50 = 2 THEN 'snoozed' WHEN c.id % 5 = 2 THEN 'closed' ELSE 'open' END,
        snoozed_until = CASE WHEN c.id % 50 = 2 THEN now() + c.id * interval '1 minute' END,
        assignee_id = CASE WHEN c.id % 3 = 0 THEN (SELECT min(id) FROM users) END,
        priority = CASE WHEN c.id % 1000 = 3 THEN 'high' ELSE 'normal' END
    FROM (SELECT DISTINCT ON (conversation_id) conversation_id, timestamp, text, direction
          FROM messages WHERE :messages > 0 ORDER BY conversation_id, timestamp DESC, id DESC) m
    WHERE m.conversation_id = c.id"""
