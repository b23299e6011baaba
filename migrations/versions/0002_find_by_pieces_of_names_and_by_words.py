"""Find by pieces of names and by words

Every step may be repeated: a run that was cut short is simply run again. The indexes are built while others
write, and a trigger keeps the names of the leads that arrive meanwhile.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FOLDED = """lower(translate({value},
        'áàâäãåéèêëíìîïóòôöõúùûüñçýÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇÝ',
        'aaaaaaeeeeiiiiooooouuuuncyaaaaaaeeeeiiiiooooouuuuncy') COLLATE "C")"""
_BETWEEN_WORDS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u2000-\u2bff\u3000-\u303f\ufe00-\ufe0f\U0001f000-\U0001faff"
)

# PL/pgSQL, as a function in SQL would be planned anew for each statement that writes a row. The cost keeps
# the planner from calling it for every row of a table. Neither function names anything outside pg_catalog, as
# indexes are built with a search path of their own.
_GRAMS = f"""
    CREATE OR REPLACE FUNCTION kiaai_grams(value text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000000 AS $$
    DECLARE
        -- Names have at most 200 characters; a longer one must not cost more than a moment.
        plain text := {_FOLDED.format(value="left(value, 1000)")};
    BEGIN
        RETURN ARRAY(SELECT DISTINCT substr(plain, place, size)
            FROM generate_series(1, 3) size, generate_series(1, length(plain) - size + 1) place);
    END $$"""
# Each word begins with the block of its message, 16,384 ids. A search goes through the blocks from the newest
# and stops when it has enough: it never reads all places of a word that half of all messages hold.
_WORDS = f"""
    CREATE OR REPLACE FUNCTION kiaai_words(id bigint, value text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000000 AS $$
    DECLARE
        plain text := btrim(regexp_replace({_FOLDED.format(value="left(value, 10000)")},
            '[{_BETWEEN_WORDS}]+', ' ', 'g'));
        block text := to_hex(id >> 14) || ' ';
    BEGIN
        -- Of a word of 2,048 bytes and more, PostgreSQL would keep an arbitrary beginning.
        IF octet_length(plain) > 2000 THEN
            plain := regexp_replace(plain, '([^ ]{{100}})[^ ]+', '\\1', 'g');
        END IF;
        RETURN array_to_tsvector(string_to_array(block || replace(plain, ' ', E'\\n' || block), E'\\n'));
    END $$"""
# A table of its own: `leads` is updated by every message, and each update would write all pieces again, which
# took twenty times as long as the update itself.
_NAMES = """
    CREATE TABLE IF NOT EXISTS lead_names (
        lead_id bigint NOT NULL CONSTRAINT pk_lead_names PRIMARY KEY
            CONSTRAINT fk_lead_names_lead_id REFERENCES leads ON DELETE CASCADE,
        name text, number text)"""
_KEEP = """
    CREATE OR REPLACE FUNCTION kiaai_keep_name() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO lead_names VALUES (new.id, new.customer_name, new.phone_number)
            ON CONFLICT (lead_id) DO UPDATE SET name = excluded.name, number = excluded.number;
        RETURN NULL;
    END $$"""
_ON_INSERT = """
    CREATE OR REPLACE TRIGGER keep_name_of_new AFTER INSERT ON leads
    FOR EACH ROW EXECUTE FUNCTION kiaai_keep_name()"""
_ON_UPDATE = """
    CREATE OR REPLACE TRIGGER keep_name_of_changed AFTER UPDATE OF customer_name, phone_number ON leads
    FOR EACH ROW WHEN ((old.customer_name, old.phone_number) IS DISTINCT FROM
        (new.customer_name, new.phone_number)) EXECUTE FUNCTION kiaai_keep_name()"""
_FILL = """
    INSERT INTO lead_names SELECT id, customer_name, phone_number FROM leads
    ON CONFLICT (lead_id) DO NOTHING"""

# Pending entries are read by every search, and written out by the message that fills the list. Measured at
# a million messages, for a message and for the slowest of 5,000: no index 74 us and 8 ms; pending off 174 us
# and 4 ms; 64 kB 140 us and 4 ms; 256 kB 138 us and 10 ms; 1 MB 102 us and 26 ms; 4 MB 104 us and 113 ms.
_PENDING = "WITH (fastupdate = on, gin_pending_list_limit = 256)"
_NAMES_INDEX = f"""
    CREATE INDEX CONCURRENTLY ix_lead_names_grams ON lead_names
    USING gin (kiaai_grams(name), kiaai_grams(number)) {_PENDING}"""
_WORDS_INDEX = f"""
    CREATE INDEX CONCURRENTLY ix_messages_words ON messages USING gin (kiaai_words(id, text)) {_PENDING}
    WHERE text IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke')"""
_OPTED_OUT_INDEX = """
    CREATE INDEX CONCURRENTLY ix_leads_opted_out ON leads (id) WHERE opted_out_at IS NOT NULL"""
# How to make each, and how many of its columns are expressions.
_INDEXES = {
    "ix_lead_names_grams": (_NAMES_INDEX, 2),
    "ix_messages_words": (_WORDS_INDEX, 1),
    "ix_leads_opted_out": (_OPTED_OUT_INDEX, 0),
}


def upgrade() -> None:
    for statement in (_GRAMS, _WORDS, _NAMES, _KEEP, _ON_INSERT, _ON_UPDATE):
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute(_FILL)
        for name, (statement, columns) in _INDEXES.items():
            # One that was cut short stays behind, invalid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(statement)
            # A planner that knew which pieces everybody has would read the whole table and cut every name.
            for column in range(1, columns + 1):
                op.execute(f"ALTER INDEX {name} ALTER COLUMN {column} SET STATISTICS 0")
        op.execute("ANALYZE lead_names")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in ("ix_messages_words", "ix_leads_opted_out"):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute("DROP TRIGGER IF EXISTS keep_name_of_new ON leads")
    op.execute("DROP TRIGGER IF EXISTS keep_name_of_changed ON leads")
    op.execute("DROP TABLE IF EXISTS lead_names")
    for function in ("kiaai_keep_name()", "kiaai_words(bigint, text)", "kiaai_grams(text)"):
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
