"""What the two sides of a race do: each deed is prepared first, and then done at once with another."""

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from kiaai.bot.manager import ConversationManager
from kiaai.delivery import channels, hold, ownership
from kiaai.delivery.claiming import claim_head
from kiaai.delivery.lanes import refresh_due
from kiaai.delivery.outbox import Sender, cancel, send_again
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.leads.finding import find_or_create_conversation, find_or_create_lead
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation, Message, WebhookEvent
from kiaai.transactions import commit
from kiaai.webhook.replay import replay
from kiaai.worker.sweep import Sweep
from tests.properties.shop import Shop
from tests.properties.steering import LOOK_SECONDS
from tests.webhook.test_views import body
from tests.worker.test_sweep import Baskets

Work = Callable[[], None]
Deed = Callable[[Shop, int, list[int]], Work]

_NOW = text("SELECT clock_timestamp()")
_BOT_IS_DUE = text("UPDATE conversations SET bot_due_at = clock_timestamp() WHERE id = :id")
_UNTIL_ACCEPTED_SECONDS = 0.1


def ingest(shop: Shop, customer: int, picks: list[int]) -> Work:
    items = [shop.items[pick % len(shop.items)] for pick in picks]
    return lambda: shop.deliver(items)


def ingest_of_replayed(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Apply a row of the journal whose effects are not there yet, or that was applied long ago."""
    raw = body(*(shop.items[pick % len(shop.items)] for pick in picks))
    event = WebhookEvent(body=raw, outcome="failed", error="a test")
    db.session.add(event)
    db.session.commit()
    event_id = event.id

    def work() -> None:
        assert replay(event_id).outcome == "applied"

    shop.promises.answered.append(raw)
    return work


def queue(shop: Shop, customer: int, picks: list[int]) -> Work:
    return _and_raise(shop, customer, lambda: shop.queue(customer))


def queue_with_one_key(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Ask with the key that the other side may use too, for the same text to the same customer."""
    return _saved(lambda: shop.queue(0, "con una llave", f"una llave {shop.conversation_ids[0]}"))


def undo(shop: Shop, customer: int, picks: list[int]) -> Work:
    message_id = _queued(shop, customer)

    def work() -> None:
        is_undone = _view(lambda: cancel(message_id))
        # Two who undo one message are both right to hear that it is on its way, or gone.
        shop.promises.undone[message_id] = shop.promises.undone.get(message_id, False) or is_undone
        if is_undone:
            shop.raise_of(shop.conversation_ids[customer])

    return work


def repeat(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Send again what failed, the same message on both sides."""
    failed = db.session.query(Message).filter_by(status="failed").first() or _failed(shop, customer)
    message_id = failed.id
    db.session.commit()

    def work() -> None:
        def again() -> int:
            return send_again(db.session.get_one(Message, message_id), Sender("user")).id

        shop.promises.again.setdefault(message_id, set()).add(_view(again))

    return work


def take_over(shop: Shop, customer: int, picks: list[int]) -> Work:
    id = shop.conversation_ids[customer]

    def work() -> None:
        def take() -> int:
            conversation = db.session.get_one(Conversation, id)
            ownership.take_over(conversation)
            return conversation.owner_epoch

        epoch = _view(take)
        shop.promises.taken[id] = (db.session.execute(_NOW).scalar_one(), epoch)
        db.session.commit()
        shop.raise_of(id)

    return work


def hand_back(shop: Shop, customer: int, picks: list[int]) -> Work:
    id = shop.conversation_ids[customer]
    return _and_raise(shop, customer, lambda: ownership.hand_back(db.session.get_one(Conversation, id)))


def bot_turn(shop: Shop, customer: int, picks: list[int]) -> Work:
    id = shop.conversation_ids[customer]
    db.session.execute(_BOT_IS_DUE, {"id": id})
    db.session.commit()
    return lambda: ConversationManager(shop.world.settings).turn(id)


def send(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Drain a conversation where a few messages wait, or where an answer of the bot may come."""
    id = shop.conversation_ids[customer]
    for _ in picks[:2]:
        _queued(shop, customer)
    return lambda: _drain(shop, id)


def crash(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Claim like a worker that is killed before its call."""
    id = shop.conversation_ids[customer]
    _queued(shop, customer)
    shop.promises.has_crashed = True

    def work() -> None:
        commit(lambda: claim_head(id, uuid4()))

    return work


def tell(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Bring statuses of all that WhatsApp has accepted so far; often the other side is just sending.

    Some echo our key, others can only be joined once the wamid is known.
    """
    name, echoes = ("sent", "delivered")[picks[0] % 2], picks[-1] % 2 == 0

    def work() -> None:
        ends_at = time.monotonic() + _UNTIL_ACCEPTED_SECONDS
        while not shop.sent and time.monotonic() < ends_at:
            time.sleep(LOOK_SECONDS)
        shop.tell_all(name, echoes)

    return work


def sweep(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Sweep like a worker's thread, and do what was found."""
    for _ in picks[:2]:
        _queued(shop, customer)
    baskets: Any = Baskets()

    def work() -> None:
        Sweep(shop.world.app, baskets, shop.world.sender, threading.Event()).once()
        for id in baskets.senders.ids:
            _drain(shop, id)

    return work


def hold_all(shop: Shop, customer: int, picks: list[int]) -> Work:
    _queued(shop, customer)
    return _saved(lambda: hold.hold("a test"))


def release(shop: Shop, customer: int, picks: list[int]) -> Work:
    _held(shop, customer)
    return _saved(hold.release)


def cancel_held(shop: Shop, customer: int, picks: list[int]) -> Work:
    _held(shop, customer)
    return _saved(hold.cancel_held)


def leave_sandbox(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Start with the token of a real number, as two workers may at once."""
    _queued(shop, 0), _queued(shop, 1)

    def work() -> None:
        channels.leave_sandbox()

    return work


def write_first(shop: Shop, customer: int, picks: list[int]) -> Work:
    """Make the stranger a lead with a conversation, as the API does for a number that nobody knows."""

    def make() -> None:
        lead = find_or_create_lead(shop.customers[2], actor=Actor("api"))
        find_or_create_conversation(lead, channels.own_channel())

    return _saved(make)


# The fault points that a deed passes, and how many statements it takes when nobody is in the way.
VIEW = ("before_commit", "after_commit")
BOT = ("bot_after_claim", "bot_before_commit", "bot_after_commit")
CALL = ("before_claim", "after_claim", "before_post", "after_post", "before_outcome", "after_outcome")
DEEDS: dict[Deed, tuple[tuple[str, ...], int]] = {
    ingest: (VIEW, 9),
    ingest_of_replayed: (VIEW, 12),
    queue: (VIEW, 12),
    queue_with_one_key: (VIEW, 12),
    undo: (VIEW, 6),
    repeat: (VIEW, 17),
    take_over: (VIEW, 10),
    hand_back: (VIEW, 5),
    bot_turn: (BOT, 25),
    send: ((*CALL, *VIEW), 29),
    crash: (VIEW, 6),
    tell: (VIEW, 3),
    sweep: (("sweep_choosing", *CALL, *VIEW), 56),
    hold_all: (VIEW, 2),
    release: (VIEW, 4),
    cancel_held: (VIEW, 10),
    leave_sandbox: ((), 5),
    write_first: (VIEW, 14),
}
# The pairs that meet every day, or that meet on the same rows.
PAIRS: tuple[tuple[Deed, Deed], ...] = (
    (ingest, ingest),
    (ingest, send),
    (ingest, queue),
    (ingest, write_first),
    (ingest_of_replayed, ingest),
    (ingest_of_replayed, ingest_of_replayed),
    (sweep, sweep),
    (send, send),
    (send, queue),
    (repeat, repeat),
    (queue_with_one_key, queue_with_one_key),
    (undo, send),
    (undo, undo),
    (take_over, bot_turn),
    (take_over, send),
    (bot_turn, bot_turn),
    (ingest, bot_turn),
    (tell, send),
    (tell, tell),
    (hold_all, send),
    (release, cancel_held),
    (release, queue),
    (crash, send),
    (leave_sandbox, leave_sandbox),
    (leave_sandbox, send),
)


def _view(work: Callable[[], Any]) -> Any:
    """Run a verb and commit as a view does: once, whatever happens."""
    result = work()
    fault_point("before_commit")
    db.session.commit()
    fault_point("after_commit")
    return result


def _saved(work: Callable[[], Any]) -> Work:
    def run() -> None:
        _view(work)

    return run


def _and_raise(shop: Shop, customer: int, work: Callable[[], Any]) -> Work:
    def run() -> None:
        _view(work)
        shop.raise_of(shop.conversation_ids[customer])

    return run


def _queued(shop: Shop, customer: int) -> int:
    message_id = shop.queue(customer)
    db.session.commit()
    return message_id


def _failed(shop: Shop, customer: int) -> Message:
    message = db.session.get_one(Message, _queued(shop, customer))
    message.status = "failed"
    refresh_due(message.conversation_id)
    return message


def _held(shop: Shop, customer: int) -> None:
    _queued(shop, customer)
    shop.begins_held = True


def _drain(shop: Shop, conversation_id: int) -> None:
    drain(conversation_id, shop.world.sender, shop.world.pace())
