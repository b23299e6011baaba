"""A shop for one race: two customers, a stranger, what was promised, and what must be true afterwards."""

import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import text

from kiaai.delivery import hold
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.receipts import join_due_orphans
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.models import Conversation, Message
from tests.faults.ledger import Ledger
from tests.faults.rig import Rig
from tests.properties.world import World
from tests.webhook.test_views import body, status
from tests.webhook.test_views import text as text_item

# More rounds than any order of two deeds needs until all is settled.
ROUNDS = 8
DELIVERIES = 3
API = Sender("api", api_key_id=1)

_EMPTY = (
    "DELETE FROM leads",
    "DELETE FROM webhook_events",
    "DELETE FROM orphan_receipts",
    "DELETE FROM installation",
    "DELETE FROM processes",
    "UPDATE channels SET is_sandbox = true, hold_until = NULL, fail_count = 0, paused_at = NULL",
)
_UNSETTLED = text("SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')")
_EVER_UNKNOWN = "SELECT id FROM messages WHERE unknown_at IS NOT NULL"
_CONVERSATIONS = text("SELECT id FROM conversations ORDER BY id")
_STATE = text("""
    SELECT id, version, (SELECT count(*) FROM messages m
        WHERE m.conversation_id = c.id AND m.direction = 'incoming') AS incoming
    FROM conversations c
""")
# What the list shows is what the thread says, where only a message that was cancelled may or may not count;
# and what may go is due, so that the sweep finds it.
_UNTRUE = text("""
    SELECT 'conversation ' || c.id || ' shows another last message than it has' AS broken
    FROM conversations c JOIN LATERAL (
        SELECT max(timestamp) AS at, max(timestamp) FILTER (WHERE status <> 'cancelled') AS said_at,
            max(timestamp) FILTER (WHERE direction = 'incoming') AS inbound_at
        FROM messages WHERE conversation_id = c.id) m ON m.at IS NOT NULL
    WHERE c.last_message_at NOT BETWEEN coalesce(m.said_at, c.last_message_at) AND m.at
        OR c.last_inbound_at IS DISTINCT FROM m.inbound_at
    UNION ALL
    SELECT 'message ' || m.id || ' is queued and its conversation is not due'
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.status = 'queued' AND c.talk_due_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM installation WHERE held_at >= m.created_at)
    UNION ALL
    SELECT 'number ' || phone_number || ' is of ' || count(*) || ' leads'
    FROM leads WHERE phone_number IS NOT NULL GROUP BY phone_number HAVING count(*) > 1
""")
# The claim and the change of owner both hold the conversation, so one of the two came first.
_BOT_AFTER = text("""
    SELECT id FROM messages WHERE conversation_id = :id AND author = 'bot' AND sending_at > :at
      AND epoch < :epoch
""")

numbers = itertools.count(1)


@dataclass
class Promises:
    """What callers were told. Filled by both sides."""

    answered: list[bytes] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    # Whether a message was undone, and the rows that took the place of one.
    undone: dict[int, bool] = field(default_factory=dict)
    again: dict[int, set[int]] = field(default_factory=dict)
    # Since when, and since which epoch, a person has the word in a conversation.
    taken: dict[int, tuple[datetime, int]] = field(default_factory=dict)
    # Whether a worker was killed, so that a message may be unknown.
    has_crashed: bool = False
    raised: Counter[int] = field(default_factory=Counter)


class Shop:
    """Plays the part of the rig for the ledger checker, in one process."""

    def __init__(self, world: World):
        self.world = world
        for statement in _EMPTY:
            db.session.execute(text(statement))
        db.session.commit()
        self.customers = [f"5690000{next(numbers):05}" for _ in range(3)]
        self.promises = Promises()
        self.lock = threading.Lock()
        self.begins_held = False
        self.items = self._pool()
        for customer in self.customers[:2]:
            # As they do to WhatsApp: the sandbox knows the window too.
            world.whatsapp.write(customer, "Hola")
        self.deliver(self.items[:2])
        self.conversation_ids = [world.conversation_id(customer) for customer in self.customers[:2]]

    # --- What the deeds need

    def deliver(self, items: list[dict[str, Any]], key: str = "messages") -> None:
        """Bring a body until it is answered with 200, as Meta does when we were too busy to take it."""
        raw = body(*items, key=key)
        codes = [self.world.post(raw)]
        while codes[-1] == 503 and len(codes) < DELIVERIES:
            codes.append(self.world.post(raw))
        assert codes[-1] == 200, f"the webhook answered {codes}"
        with self.lock:
            self.promises.answered.append(raw)

    def queue(self, customer: int, words: str | None = None, key: str | None = None) -> int:
        """Queue a text as the API does, without its commit."""
        words, key = words or f"mensaje {uuid4()}", key or str(uuid4())
        conversation = db.session.get_one(Conversation, self.conversation_ids[customer])
        message = queue_message(conversation, API, text=words, idempotency_key=key, keep_bot=True)
        with self.lock:
            self.promises.asked[key] = words
        return message.id

    def raise_of(self, conversation_id: int) -> None:
        with self.lock:
            self.promises.raised[conversation_id] += 1

    # --- What the ledger checker asks

    @property
    def whatsapp(self) -> "Shop":
        return self

    @property
    def app(self) -> Any:
        return self.world.whatsapp.app

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [sent for sent in self.world.whatsapp.sent if sent["to"] in self.customers]

    @property
    def answered(self) -> list[bytes]:
        return self.promises.answered

    @property
    def asked(self) -> dict[str, str]:
        return self.promises.asked

    untold: frozenset[str] = frozenset()
    expected_failures = 0

    def rows(self, sql: str) -> list[Any]:
        rows = list(db.session.execute(text(sql)).all())
        db.session.rollback()
        return rows

    def value(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def unsettled(self) -> int:
        return int(self.value(_UNSETTLED.text))

    def readiness(self) -> dict[str, Any]:
        return dict(self.world.app.test_client().get("/readyz").json or {})

    # --- After the race

    def begin(self) -> dict[int, Any]:
        """Hold what both sides have prepared, if one of them is to let it go; return the state before."""
        if self.begins_held:
            hold.hold("a test")
            db.session.commit()
        return self.state()

    def state(self) -> dict[int, Any]:
        """Return version and number of incoming messages of each conversation."""
        return {row.id: row for row in self.rows(_STATE.text)}

    def untrue(self, before: dict[int, Any]) -> list[str]:
        """Return what is not as it must be right after the race."""
        broken = [row.broken for row in self.rows(_UNTRUE.text)]
        for id, now in self.state().items():
            if was := before.get(id):
                changes = self.promises.raised[id] + (now.incoming > was.incoming)
                if now.version - was.version < changes:
                    broken.append(
                        f"conversation {id}: {changes} changes, version {was.version} to {now.version}"
                    )
        return broken

    def settle(self) -> None:
        """Let time pass until everything is final, with nobody else at work."""
        hold.release()
        db.session.commit()
        for _ in range(ROUNDS):
            self.world.pass_time()
            for row in self.rows(_CONVERSATIONS.text):
                drain(row.id, self.world.sender, self.world.pace())
            self.tell_all("delivered")
            join_due_orphans()
            if not self.unsettled():
                return

    def tell_all(self, name: str, echoes: bool = True) -> None:
        """Bring a status of everything that WhatsApp has accepted, with our key or without."""
        told = []
        for sent in self.sent:
            key = {"biz_opaque_callback_data": sent["send_key"]} if echoes else {}
            told.append(status(sent["wamid"], name, int(time.time()), **key))
        if told:
            self.deliver(told, key="statuses")

    def violations(self) -> list[str]:
        """Return every broken promise, of the ledger and of single answers."""
        found = Ledger(cast(Rig, self)).violations()
        accepted = {sent["send_key"] for sent in self.sent}
        for id, is_undone in self.promises.undone.items():
            message = db.session.get_one(Message, id, populate_existing=True)
            has_left = str(message.send_key) in accepted
            # Who came too late to undo it may have come after another who did, or who was killed.
            may_be_unsent = message.status in (("cancelled",) if is_undone else ("cancelled", "unknown"))
            if has_left == may_be_unsent or (is_undone and has_left):
                found.append(f"message {id}: undone was {is_undone}, and it is {message.status}")
        if not self.promises.has_crashed:
            found += [f"message {row.id} was unknown, and nobody died" for row in self.rows(_EVER_UNKNOWN)]
        found += [f"{id} was sent again as {ids}" for id, ids in self.promises.again.items() if len(ids) != 1]
        for conversation_id, (at, epoch) in self.promises.taken.items():
            values = {"id": conversation_id, "at": at, "epoch": epoch}
            late = db.session.scalars(_BOT_AFTER, values).all()
            found += [f"the bot spoke over a person with {id}" for id in late]
        db.session.rollback()
        return found

    def _pool(self) -> list[dict[str, Any]]:
        """Return what webhooks bring: messages of both customers, and three faces of the stranger."""
        now, user_id = int(time.time()) - 60, f"CL.{next(numbers):020}"
        one, two, stranger = self.customers
        said = [(one, 0), (two, 1), (one, 2), (two, 1), (stranger, 3)]
        items = [text_item(f"wamid.{uuid4()}", sender=sender, at=now + at) for sender, at in said]
        both = {**text_item(f"wamid.{uuid4()}", sender=stranger, at=now), "from_user_id": user_id}
        hidden = {**text_item(f"wamid.{uuid4()}", at=now + 5), "from_user_id": user_id}
        del hidden["from"]
        return [*items, both, hidden]
