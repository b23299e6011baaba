"""What the search shows of messages: a piece of each around the words, with the words marked."""

from dataclasses import dataclass

from sqlalchemy import text

from kiaai.extensions import db
from kiaai.inbox.message_search import Hit, find_messages
from kiaai.models import Conversation, Message

# Two lines of the list: some words before the first hit, the rest after it.
EXCERPT, BEFORE_HIT = 130, 32
# A bound on what is looked through for a space, so that a word is not cut in two.
_LONGEST_CUT = 16


@dataclass(frozen=True)
class Piece:
    """A part of a text. is_hit: it is one of the words that were looked for."""

    text: str
    is_hit: bool


@dataclass(frozen=True)
class FoundMessage:
    """A message that was found, and the pieces of its excerpt."""

    message: Message
    conversation: Conversation
    pieces: list[Piece]


@dataclass(frozen=True)
class FoundPage:
    """Messages that were found, the newest first, and where the next ones begin; None after the last.

    is_ready: whether there is an index to search in; after an upgrade it takes a while to be built.
    """

    found: list[FoundMessage]
    next_id: int | None
    is_ready: bool = True


def found_page(q: str, before_id: int | None = None) -> FoundPage:
    """Return the newest messages with all words of `q`, only older ones than `before_id`."""
    if not db.session.scalar(_IS_READY):
        return FoundPage([], None, is_ready=False)
    page = find_messages(q, before_id)
    return FoundPage([_found(hit) for hit in page.hits], page.next_id)


def excerpt(message: str, spans: list[tuple[int, int]]) -> list[Piece]:
    """Cut a text around the first of the spans, into pieces that are hits and pieces that are not."""
    start = _start(message, spans[0][0] if spans else 0)
    end = min(len(message), start + EXCERPT)
    pieces, at = [Piece("… ", False)] if start else [], start
    for first, last in spans:
        if first >= end:
            break
        pieces += [Piece(message[at:first], False), Piece(message[first : min(last, end)], True)]
        at = min(last, end)
    pieces.append(Piece(message[at:end] + (" …" if end < len(message) else ""), False))
    return [piece for piece in pieces if piece.text]


def _found(hit: Hit) -> FoundMessage:
    return FoundMessage(hit.message, hit.conversation, excerpt(hit.message.text or "", hit.spans))


def _start(message: str, first: int) -> int:
    """Return where the excerpt begins: a little before the first hit, where a word does."""
    start = max(0, first - BEFORE_HIT)
    space = message.find(" ", start, min(first, start + _LONGEST_CUT)) if start else -1
    return space + 1 if space >= 0 else start


_IS_READY = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_messages_words')")
