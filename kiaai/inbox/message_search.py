"""Search for words in messages: the newest hits first, in the same time however many messages there are.

Each word in the index begins with the block of its message: some thousands of neighbouring ids. A search
goes from block to block, the newest first, until it has enough. So a word that half of all messages hold is
found in the first block, and a rare word costs one look-up in each. Only common words that hardly ever stand
together take longer, and then a page ends early and says where to go on.
"""

import re
from dataclasses import dataclass
from unicodedata import normalize

from sqlalchemy import select, text
from sqlalchemy.orm import joinedload

from kiaai.extensions import db
from kiaai.models import Conversation, Message
from kiaai.models.folding import BETWEEN_WORDS, folded

PAGE_HITS = 30
LONGEST = 100
# Typed words are the beginnings of words, but shorter ones are meant as they stand, unless still being typed.
SHORTEST_BEGINNING, SHORTEST_UNFINISHED = 3, 2
LONGEST_SECONDS = 0.06
_NEWEST = 2**63 - 1

_GAP = re.compile(f"[{BETWEEN_WORDS}]+")
_WORD = re.compile(f"[^{BETWEEN_WORDS}]+")


@dataclass(frozen=True)
class Hit:
    """A message that holds all words, with its conversation and lead. spans: where they stand in its text."""

    message: Message
    conversation: Conversation
    spans: list[tuple[int, int]]


@dataclass(frozen=True)
class HitPage:
    """Some hits, and the `before_id` of the next page; None when no message is left to be looked at.

    A page that took too long has fewer hits than asked for, perhaps none, and still a next one.
    """

    hits: list[Hit]
    next_id: int | None


def find_messages(q: str, before_id: int | None = None, limit: int = PAGE_HITS) -> HitPage:
    """Return the newest messages that hold every word of `q`, only older ones than `before_id`.

    Words count without capitals and without the accents of `models/folding.py`; letters of other scripts as
    they stand. Only the first 10,000 characters of a message are searched. Nothing is found for no words.
    """
    words = _words(normalize("NFC", q[:LONGEST]))
    if not words:
        return HitPage([], None)
    values = {"query": _query(words), "before": _NEWEST if before_id is None else before_id, "limit": limit}
    found = db.session.execute(_SEARCH, values | {"seconds": LONGEST_SECONDS}).all()
    ids = [row.id for row in found if row.id]
    next_id = ids[-1] if len(ids) == limit else next(row.next_id for row in found if not row.id)
    return HitPage(_hits(ids, words), next_id)


def _hits(ids: list[int], words: "list[_Typed]") -> list[Hit]:
    rows = db.session.execute(
        select(Message, Conversation)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.id.in_(ids))
        .order_by(Message.id.desc())
        .options(joinedload(Conversation.lead, innerjoin=True))
    )
    return [Hit(message, conversation, _spans(message.text or "", words)) for message, conversation in rows]


@dataclass(frozen=True)
class _Typed:
    """A word that is looked for. is_beginning: longer words count too."""

    word: str
    is_beginning: bool

    def fits(self, word: str) -> bool:
        return word.startswith(self.word) if self.is_beginning else word == self.word


def _words(q: str) -> list[_Typed]:
    words = [word for word in _GAP.split(folded(q.replace("\x00", ""))) if word]
    is_unfinished = not _GAP.search(q[-1:])
    shortest = [SHORTEST_BEGINNING] * len(words)
    if is_unfinished and words:
        shortest[-1] = SHORTEST_UNFINISHED
    return [_Typed(word, len(word) >= least) for word, least in zip(words, shortest, strict=True)]


def _query(words: list[_Typed]) -> str:
    """Return the text of a tsquery with `#` for the block; no word holds a character that needs quoting."""
    return " & ".join(f"'# {typed.word}'{':*' if typed.is_beginning else ''}" for typed in words)


def _spans(message: str, words: list[_Typed]) -> list[tuple[int, int]]:
    return [
        found.span()
        for found in _WORD.finditer(folded(message))
        if any(typed.fits(found.group()) for typed in words)
    ]


# Blocks come from the ids that there are, as ids may have gaps of any size. OFFSET 0 leaves the planner no
# way but the index; with the limit in sight it walked five million messages by id.
_SEARCH = text("""
    WITH RECURSIVE blocks(block) AS (
        SELECT max(id) >> 14 FROM messages WHERE id < :before
        UNION ALL
        SELECT (SELECT max(id) >> 14 FROM messages WHERE id < block << 14) FROM blocks
        WHERE block IS NOT NULL
            AND clock_timestamp() < statement_timestamp() + make_interval(secs => :seconds)
    ), hits AS MATERIALIZED (
        SELECT found.id FROM blocks CROSS JOIN LATERAL (
            SELECT id FROM (
                SELECT id FROM messages
                WHERE text IS NOT NULL AND kind NOT IN ('reaction', 'edit', 'revoke') AND revoked_at IS NULL
                    AND kiaai_words(id, text) @@ CAST(replace(:query, '#', to_hex(block)) AS tsquery)
                OFFSET 0) of_block
            WHERE id < :before ORDER BY id DESC LIMIT :limit) found
        WHERE block IS NOT NULL LIMIT :limit
    )
    SELECT id, NULL AS next_id FROM hits
    UNION ALL
    -- Where the blocks ended. The last one is null when there was none left.
    SELECT NULL, CASE WHEN NOT bool_or(block IS NULL) THEN nullif(min(block) << 14, 0) END
    FROM blocks WHERE (SELECT count(*) FROM hits) < :limit""")
