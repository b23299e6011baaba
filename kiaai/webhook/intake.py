"""The hot path: one signed body into journal, messages and their effects, in one transaction.

An ordinary body costs one round trip. Whatever differs from the ordinary is rolled back and done again:
first with newcomers made known, then, if the database refuses something, in halves of halves.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError, OperationalError

from kiaai.bot.unheard import wake_for_consent
from kiaai.database import is_retryable
from kiaai.delivery.showing import show_newest_of
from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.webhook.deadlines import cut_off_after
from kiaai.webhook.erased_ids import hash_of, ids_of
from kiaai.webhook.folding import Work, fold
from kiaai.webhook.forgetting import forget
from kiaai.webhook.forgotten import Forgotten, left_of, write_down
from kiaai.webhook.matters import apply_matters
from kiaai.webhook.newcomers import welcome
from kiaai.webhook.parts import items_of, merged
from kiaai.webhook.statements import (
    EDITS,
    JOURNAL,
    NEW_EVENT,
    OLD_EVENT,
    PREPARE_ALL,
    STRANGERS,
    apply_all,
)
from kiaai.webhook.taking import NOT_TRIED, Journal, Options, Taken
from kiaai.whatsapp.inbound import Batch

log = logging.getLogger(__name__)

T = TypeVar("T")

_STRANGERS = text(STRANGERS)

TRANSACTION_TRIES = 3
# With more people in one body, somebody new is looked for first; with fewer, trying costs less than asking.
CROWD = 20
QUICKLY_SECONDS = 0.5
# A little longer than the statement time-out of these connections: for a server that is stopped itself.
PATIENCE_SECONDS = 2.7
# Looking for what is refused stops here; the rest of the body waits in the journal for a worker.
SEARCH_SECONDS = 2.0
# Nobody waits for the answer when a body is applied again.
REPLAY_SECONDS = 120.0


class _NotStored(Exception):
    """Something of the body is not there afterwards: it names a person that the database does not know."""


def take(batch: Batch, journal: Journal, options: Options) -> Taken:
    """Apply a batch and its journal row in one transaction, and commit.

    Raises OperationalError when the database is away or too busy; nothing is stored then.
    """
    try:
        return _take(batch, journal, options)
    except Forgotten:
        # Something of it was erased with a person. WhatsApp repeats a body for days; what is new counts.
        with transaction() as connection:
            left = left_of(connection, batch, journal.body, options.erased_key)
            if journal.event_id is not None:
                write_down(connection, journal.event_id, left)
        taken = _take(
            left.batch, replace(journal, body=left.body, outcome=left.outcome(journal.outcome)), options
        )
        return replace(taken, is_emptied=taken.is_emptied or not left.body)


def _take(batch: Batch, journal: Journal, options: Options) -> Taken:
    try:
        return retried(lambda: _in_one(batch, journal, options))
    except OperationalError:
        raise
    except (DBAPIError, _NotStored) as error:
        log.warning("A body is applied in parts: %s", _reason(error))
        return retried(lambda: _in_parts(batch, journal, options))


def _in_one(batch: Batch, journal: Journal, options: Options) -> Taken:
    work = fold(batch, options.channel_ids)
    try:
        with transaction() as connection:
            if len(work.people) > CROWD and _has_strangers(connection, work):
                welcome(connection, work.people)
            taken = _apply(connection, batch, work, journal, options)
            return _without_erased(connection, taken, journal, options)
    except _NotStored:
        with transaction() as connection:
            welcome(connection, work.people)
            taken = _apply(connection, batch, work, journal, options)
            return _without_erased(connection, taken, journal, options)


def _has_strangers(connection: Connection, work: Work) -> bool:
    return bool(connection.execute(_STRANGERS, {"identities": work.identity_rows()}).scalar_one())


def _in_parts(batch: Batch, journal: Journal, options: Options) -> Taken:
    """Apply all but what the database refuses; the journal keeps what that was and why."""
    is_replay = journal.event_id is not None
    with transaction(REPLAY_SECONDS if is_replay else PATIENCE_SECONDS) as connection:
        search_until = time.monotonic() + (REPLAY_SECONDS if is_replay else SEARCH_SECONDS)
        event_id = journal.event_id or _write_journal(connection, journal)
        row = replace(journal, event_id=event_id)
        taken = _apply_part(connection, items_of(batch), row, options, Taken(event_id), search_until)
        if taken.errors:
            _mark_failed(connection, taken)
        taken = _without_erased(connection, taken, row, options)
        fault_point("before_commit")
    return taken


def _apply_part(
    connection: Connection,
    items: list[Batch],
    journal: Journal,
    options: Options,
    taken: Taken,
    search_until: float,
) -> Taken:
    """Apply the items in a savepoint, or each half of them for itself: poison is found in a few steps."""
    if not items:
        return taken
    if time.monotonic() > search_until:
        return replace(taken, errors=(*taken.errors, *[NOT_TRIED] * len(items)))
    part = merged(items)
    work = fold(part, options.channel_ids)
    try:
        with connection.begin_nested():
            welcome(connection, work.people)
            return _joined(taken, _apply(connection, part, work, journal, options))
    except OperationalError:
        raise
    except (DBAPIError, _NotStored) as error:
        if len(items) == 1:
            return replace(taken, errors=(*taken.errors, _reason(error)))
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]):
        taken = _apply_part(connection, half, journal, options, taken, search_until)
    return taken


@contextmanager
def transaction(seconds: float = PATIENCE_SECONDS) -> Iterator[Connection]:
    """Give a connection of the webhook's own small pool, in a transaction that commits at the end."""
    with db.engines["webhook"].begin() as connection, cut_off_after(connection, seconds):
        yield connection
        fault_point("before_commit")
    fault_point("after_commit")


def _apply(connection: Connection, batch: Batch, work: Work, journal: Journal, options: Options) -> Taken:
    event = NEW_EVENT if journal.event_id is None else OLD_EVENT
    wamids = [row["wamid"] for row in work.messages]
    values = {
        "body": journal.body,
        "outcome": journal.outcome,
        "error": journal.error,
        "event_id": journal.event_id,
        "identities": work.identity_rows(),
        "people": json.dumps([{"customer": p.key, "name": p.name} for p in work.people]),
        "messages": work.message_rows(),
        "receipts": work.receipt_rows(),
        "keep_orphans": True,
        "wamids": wamids,
        "known": [row["wamid"] for row in work.receipts] + _targets(batch),
        "send_keys": [row["send_key"] for row in work.receipts if row["send_key"]],
        "hashes": [str(hash_of(options.erased_key, id)) for id in ids_of(batch)],
        "bot_enabled": options.bot_enabled,
        "bot_wait": options.bot_wait,
        "now": options.now,
    }
    statement = _statement(
        event, journal.event_id is None, bool(work.messages), bool(work.receipts), work.has_echoes
    )
    if event == NEW_EVENT:
        _prepare(connection)
    rows = connection.execute(statement, values).all()
    if rows[0].has_forgotten:
        raise Forgotten
    missing = [row.wamid for row in rows if row.wamid is not None and row.message_id is None]
    if missing or rows[0].strangers:
        raise _NotStored(f"nobody is known who wrote {missing}" if missing else "somebody is not known")
    new_wamids = {row.wamid for row in rows if row.is_new}
    _apply_edits(connection, batch, rows)
    if work.has_echoes:
        # What the bot had queued is cancelled, and may have been the last word.
        spoken_in = sorted({row.conversation_id for row in rows if row.is_new})
        show_newest_of(connection, spoken_in)
        wake_for_consent(connection, spoken_in)
    apply_matters(connection, batch, new_wamids, options.channel_ids)
    return _taken(rows)


def _without_erased(connection: Connection, taken: Taken, journal: Journal, options: Options) -> Taken:
    """Write no words down again that somebody deleted: WhatsApp may repeat a body for days."""
    if not taken.erased:
        return taken
    is_applied = not taken.errors
    is_emptied = forget(connection, taken.event_id, journal.body, taken.erased, options.now, is_applied)
    return replace(taken, is_emptied=is_emptied)


def _prepare(connection: Connection) -> None:
    """Let the connection plan the hot path, once in its life."""
    if not connection.info.get("is_prepared"):
        connection.exec_driver_sql(PREPARE_ALL)
        connection.info["is_prepared"] = True


@lru_cache
def _statement(event: str, journal: bool, messages: bool, receipts: bool, echoes: bool) -> TextClause:
    return text(
        apply_all(
            event, with_journal=journal, has_messages=messages, has_receipts=receipts, has_echoes=echoes
        )
    )


def _apply_edits(connection: Connection, batch: Batch, rows: Any) -> None:
    """Apply edits and deletions, also those that came before the message they are about."""
    edited = {row.wamid for row in rows if row.is_edited} | set(_targets(batch))
    if edited:
        for statement in EDITS:
            connection.execute(text(statement), {"edited": sorted(edited)})


def _targets(batch: Batch) -> list[str]:
    return [m.reply_to for m in batch.messages if m.kind in ("edit", "revoke") and m.reply_to]


def _taken(rows: Any) -> Taken:
    new = [row for row in rows if row.is_new]
    return Taken(
        event_id=rows[0].event_id,
        bot_conversations=frozenset(row.conversation_id for row in new if row.is_bot_due),
        attachments=frozenset(row.attachment_id for row in new if row.attachment_id),
        erased=frozenset(row.wamid for row in rows if row.is_erased),
    )


def _joined(all: Taken, one: Taken) -> Taken:
    return replace(
        all,
        bot_conversations=all.bot_conversations | one.bot_conversations,
        attachments=all.attachments | one.attachments,
        erased=all.erased | one.erased,
    )


def _write_journal(connection: Connection, journal: Journal) -> int:
    values = {"body": journal.body, "outcome": journal.outcome, "error": journal.error}
    event_id: int = connection.execute(text(f"{JOURNAL} RETURNING id"), values).scalar_one()
    return event_id


def _mark_failed(connection: Connection, taken: Taken) -> None:
    reason = "; ".join(dict.fromkeys(taken.errors))[:2000]
    connection.execute(
        text("""
            UPDATE webhook_events SET outcome = 'failed', error = :error,
                replay_at = CASE WHEN :is_unfinished THEN clock_timestamp() END
            WHERE id = :id"""),
        {
            "id": taken.event_id,
            "error": f"{len(taken.errors)} item(s) refused: {reason}",
            "is_unfinished": taken.is_unfinished,
        },
    )


def _reason(error: Exception) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    return said.splitlines()[0] if said else type(error).__name__


def retried(work: Callable[[], T]) -> T:
    """Run again when others were in the way, and once when the pool gave a connection that had died.

    A connection that took long to die is not worth another try: the answer is due within 3 s.
    """
    started = time.monotonic()
    for attempt in range(1, TRANSACTION_TRIES + 1):
        try:
            return work()
        except OperationalError as error:
            is_stale = error.connection_invalidated and time.monotonic() - started < QUICKLY_SECONDS
            if attempt == TRANSACTION_TRIES or not (is_retryable(error) or is_stale):
                raise
    raise AssertionError("unreachable")
