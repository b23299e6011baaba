"""The ledger checker: looks at the database and at what Graph accepted, and names every broken promise."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.faults.processes import until
from tests.faults.rig import Rig

ACCEPTED = ("sent", "delivered", "read", "played")
REFUSED = ("failed", "cancelled", "queued")

_OUTGOING = """
    SELECT m.id, m.conversation_id, m.lane, m.author, m.status, m.text, CAST(m.send_key AS text) AS send_key,
        m.message_id, m.client_key, m.error_code, m.sending_at, m.unknown_at
    FROM messages m WHERE m.direction = 'outgoing' ORDER BY m.id
"""
_COUNTS = """
    SELECT c.id, c.unread_count,
        (SELECT count(*) FROM messages WHERE conversation_id = c.id AND direction = 'incoming') AS incoming,
        (SELECT count(*) FROM messages WHERE conversation_id = c.id AND author = 'bot') AS answers,
        (SELECT count(*) FROM lead_events WHERE lead_id = c.lead_id AND kind = 'created') AS created
    FROM conversations c
"""


class Ledger:
    """What a rig has left behind."""

    def __init__(self, rig: Rig):
        self._rig = rig
        self._accepted = rig.whatsapp.sent
        self._outgoing = rig.rows(_OUTGOING)
        self._by_key = {row.send_key: row for row in self._outgoing}

    def violations(self) -> list[str]:
        checks = (
            self.durable_before_the_answer,
            self.once_in,
            self.statuses_join,
            self.once_out,
            self.in_order,
            self.progress,
            self.accounted,
        )
        return [f"{check.__name__}: {broken}" for check in checks for broken in check()]

    def size(self) -> str:
        incoming = self._rig.value("SELECT count(*) FROM messages WHERE direction = 'incoming'")
        events = self._rig.value("SELECT count(*) FROM webhook_events")
        outcomes = dict(Counter(row.status for row in self._outgoing))
        return f"{events} webhooks, {incoming} messages in, {len(self._outgoing)} out {outcomes}"

    def durable_before_the_answer(self) -> Iterator[str]:
        """Each 200 has its journal row and its messages; each 202 of the API its one row."""
        journal = {row.digest for row in self._rig.rows("SELECT md5(body) AS digest FROM webhook_events")}
        missing = (body for body in self._rig.answered if _md5(body) not in journal)
        yield from (f"no journal row for {body[:300]!r}" for body in missing)
        stored = {row.message_id for row in self._rig.rows(
            "SELECT message_id FROM messages WHERE message_id IS NOT NULL")}  # fmt: skip
        wanted = {wamid for body in self._rig.answered for wamid in _wamids(body)} | set(self._told())
        yield from (f"{wamid} was answered with 200 and is not there" for wamid in wanted - stored)
        rows = Counter((row.client_key or "").partition(":")[2] for row in self._outgoing)
        yield from (f"{words!r} was asked for once and is there {rows[key]} times"
                    for key, words in self._rig.asked.items() if rows[key] != 1)  # fmt: skip

    def once_in(self) -> Iterator[str]:
        """Every effect of an incoming message happened once: unread, answer, lead."""
        failed = {row.conversation_id for row in self._outgoing if row.status == "failed"}
        for row in self._rig.rows(_COUNTS):
            is_marked = row.incoming == 0 and row.id in failed
            if row.unread_count != row.incoming and not is_marked:
                yield f"conversation {row.id}: {row.incoming} came in, {row.unread_count} are unread"
            if row.answers > row.incoming:
                yield f"conversation {row.id}: {row.incoming} came in, the bot answered {row.answers} times"
            if row.created != 1:
                yield f"conversation {row.id}: its lead was created {row.created} times"
        again = self._rig.rows(
            "SELECT conversation_id, read_up_to, count(*) AS n FROM bot_turns WHERE message_id IS NOT NULL"
            " GROUP BY 1, 2 HAVING count(*) > 1"
        )
        yield from (
            f"conversation {row.conversation_id}: answered {row.n} times up to one message" for row in again
        )
        orphans = self._rig.value(
            "SELECT count(*) FROM leads l WHERE NOT EXISTS (SELECT 1 FROM conversations WHERE lead_id = l.id)"
        )
        if orphans:
            yield f"{orphans} leads without a conversation"

    def statuses_join(self) -> Iterator[str]:
        """What WhatsApp told of each accepted message is on its row, whatever the order."""
        for sent in self._accepted:
            row = self._by_key.get(sent["send_key"])
            told = "failed" if sent["status"] == "failed" else "delivered"
            if row is None or (row.status, row.message_id) == (told, sent["wamid"]):
                continue
            if sent["to"] not in self._rig.untold or row.message_id not in (None, sent["wamid"]):
                yield f"message {row.id} is {row.status} {row.message_id}, told was {told} {sent['wamid']}"

    def once_out(self) -> Iterator[str]:
        """One POST is accepted for a row, none for a refused one, and nothing that no row asked for."""
        times = Counter(sent["send_key"] for sent in self._accepted)
        yield from (f"{key} went out {n} times" for key, n in times.items() if n > 1)
        yield from (f"{key} went out and no row knows it" for key in times.keys() - self._by_key.keys())
        told_later = {sent["send_key"] for sent in self._accepted if sent["status"] == "failed"}
        for row in self._outgoing:
            if row.status in ACCEPTED and not times[row.send_key]:
                yield f"message {row.id} is {row.status} but never went out"
            if row.status in REFUSED and times[row.send_key] and row.send_key not in told_later:
                yield f"message {row.id} is {row.status} but went out"

    def in_order(self) -> Iterator[str]:
        """Per conversation and lane, messages left, and were taken, in the order they were queued.

        A call that was cut off after it was written left in its turn, but WhatsApp may be at work on it still
        when it takes the next.
        """
        left, taken = defaultdict(list), defaultdict(list)
        begun = sorted((row for row in self._outgoing if row.sending_at), key=lambda row: row.sending_at)
        for row in begun:
            left[row.conversation_id, row.lane].append(row.id)
        for sent in self._accepted:
            known = self._by_key.get(sent["send_key"])
            if known and known.unknown_at is None:
                taken[known.conversation_id, known.lane].append(known.id)
        for verb, orders in (("left", left), ("were taken", taken)):
            yield from (
                f"conversation {where[0]}: {verb} as {ids}"
                for where, ids in orders.items()
                if ids != sorted(ids)
            )

    def progress(self) -> Iterator[str]:
        """Nothing is left to do, and no lease is left behind."""
        if unsettled := self._rig.unsettled():
            yield f"still {unsettled}"
        held = self._rig.value("SELECT count(*) FROM conversations WHERE lease_until > clock_timestamp()")
        if held:
            yield f"{held} leases are held though there is nothing to send"

    def accounted(self) -> Iterator[str]:
        """What could not be applied is counted where an admin looks."""
        failed = self._rig.value(
            "SELECT count(*) FROM webhook_events WHERE outcome IN ('failed', 'unroutable')"
        )
        if failed != self._rig.expected_failures:
            yield f"{failed} journal rows failed, {self._rig.expected_failures} were to"
        # Right after a break the first look meets a dead connection.
        until(lambda: self._rig.readiness().get("database") == "up", "/readyz")
        if (shown := self._rig.readiness()["failed_webhooks"]) != failed:
            yield f"/readyz counts {shown} failed webhooks, there are {failed}"

    def _told(self) -> Iterator[str]:
        """Return the wamids of customers' messages whose webhook had its 200."""
        sql = "SELECT wamid FROM messages WHERE is_from_customer = 1 AND status = 'delivered'"
        store: Any = self._rig.whatsapp.app.extensions["sandbox"].store
        return (row["wamid"] for row in store.rows(sql))


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _wamids(body: bytes) -> Iterator[str]:
    try:
        entries = json.loads(body)["entry"]
    except (ValueError, KeyError):
        return
    for entry in entries:
        for change in entry["changes"]:
            for item in change["value"].get("messages", []):
                if isinstance(item, dict) and {"id", "from"} <= item.keys():
                    yield item["id"]
