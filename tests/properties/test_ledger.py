"""The ledger against a small model: whatever the order of events, both say the same."""

import itertools
import os
import random
import time
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from kiaai.delivery.claiming import claim_head
from kiaai.delivery.outbox import Sender, cancel, queue_message
from kiaai.delivery.posting import post
from kiaai.delivery.receipts import join_due_orphans
from kiaai.delivery.sending import drain
from kiaai.extensions import db
from kiaai.models import Conversation
from kiaai.models.message import STATUS_RANK
from tests.properties.world import World
from tests.webhook.test_views import status
from tests.webhook.test_views import text as text_item

CUSTOMERS = st.integers(0, 1)
EXAMPLES = int(os.environ.get("KIAAI_EXAMPLES", "10"))
TOLD = ("sent", "delivered", "read", "failed")
# How Graph answers, and what the model makes of the message: accepted or not, and its status.
ANSWERS = {
    "well": (True, "sent"),
    "cut": (True, "unknown"),
    "garbage": (True, "unknown"),
    "bare": (False, "unknown"),
    "refused": (False, "failed"),
    "not now": (False, "queued"),
}
FAULTS = {
    "cut": {"answer": "cut"},
    "garbage": {"answer": "garbage"},
    "bare": {"answer": "bare"},
    "refused": {"answer": "error", "code": 131008},
    "not now": {"answer": "error", "code": 131000},
}
_THREAD = text("""
    SELECT m.text, m.status FROM messages m JOIN conversations c ON c.id = m.conversation_id
    JOIN leads l ON l.id = c.lead_id
    WHERE l.phone_number = :number AND m.direction = 'outgoing' ORDER BY m.id
""")
_UNREAD = text("SELECT c.unread_count FROM conversations c JOIN leads l ON l.id = c.lead_id"
               " WHERE l.phone_number = :number")  # fmt: skip

numbers = itertools.count(1)


@dataclass
class Said:
    """A message of ours, as the model sees it."""

    words: str
    status: str = "queued"
    is_accepted: bool = False

    def climb(self, to: str) -> None:
        if STATUS_RANK.index(to) > STATUS_RANK.index(self.status):
            self.status = to


@dataclass
class Customer:
    """What a customer wrote and was told, as the model sees it."""

    number: str
    items: list[dict[str, object]] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def queued(self) -> list[Said]:
        return [said for said in self.said if said.status == "queued"]


class Ledger(RuleBasedStateMachine):
    """Things happen in any order; after each, database and Graph are what the model says."""

    def __init__(self, world: World):
        super().__init__()
        self.world = world

    @initialize()
    def two_customers_write(self) -> None:
        self.customers = [Customer(f"5690000{next(numbers):04}") for _ in range(2)]
        for number in range(2):
            # As they do to WhatsApp: the sandbox knows the window too.
            self.world.whatsapp.write(self.customers[number].number, "Hola")
            self.write(number)

    @rule(customer=CUSTOMERS)
    def write(self, customer: int) -> None:
        wrote = self.customers[customer]
        wrote.items.append(text_item(f"wamid.{uuid4()}", sender=wrote.number, at=int(time.time())))
        self.world.deliver(wrote.items[-1])

    @rule(seed=st.integers(0, 9999), customer=CUSTOMERS, has_news=st.booleans())
    def repeat_in_any_order(self, seed: int, customer: int, has_news: bool) -> None:
        chance, wrote = random.Random(seed), self.customers[customer]
        known = [item for customer in self.customers for item in customer.items] * 2
        items = chance.sample(known, min(len(known), 6))
        if has_news:
            wrote.items.append(text_item(f"wamid.{uuid4()}", sender=wrote.number, at=int(time.time())))
            items += [wrote.items[-1]] * 2
        chance.shuffle(items)
        self.world.deliver(*items)

    @rule(customer=CUSTOMERS)
    def queue(self, customer: int) -> None:
        to, words = self.customers[customer], f"mensaje {uuid4()}"
        conversation = db.session.get_one(Conversation, self.world.conversation_id(to.number))
        queue_message(conversation, Sender("api"), text=words)
        db.session.commit()
        to.said.append(Said(words))

    @rule(customer=CUSTOMERS, pick=st.integers(0, 99))
    def undo(self, customer: int, pick: int) -> None:
        open_ones = [said for said in self.customers[customer].said if said.status in ("queued", "sending")]
        if not open_ones:
            return
        said = open_ones[pick % len(open_ones)]
        sql = text("SELECT id FROM messages WHERE text = :words")
        message_id = db.session.execute(sql, {"words": said.words}).scalar_one()
        assert cancel(message_id) == (said.status == "queued")
        said.status = "cancelled" if said.status == "queued" else said.status
        db.session.commit()

    @rule(customer=CUSTOMERS, answer=st.sampled_from(sorted(ANSWERS)))
    def send(self, customer: int, answer: str) -> None:
        to = self._someone_who_waits(customer)
        self.world.pass_time()
        if answer in FAULTS:
            self.world.whatsapp.faults.next(**FAULTS[answer])  # type: ignore[arg-type]  # constants above
        with self.world.app.app_context():
            drain(self.world.conversation_id(to.number), self.world.sender, self.world.pace())
        self._expect_sent(to, answer)

    @rule(customer=CUSTOMERS, has_posted=st.booleans())
    def crash(self, customer: int, has_posted: bool) -> None:
        """Claim the head as a worker does, perhaps post it, and never come back."""
        to = self._someone_who_waits(customer)
        self.world.pass_time()
        with self.world.app.app_context():
            claim = claim_head(self.world.conversation_id(to.number), uuid4())
            db.session.commit()
        self._give_up_left_over(to)
        assert claim is not None
        head = to.queued()[0]
        head.status, head.is_accepted = "sending", has_posted
        if has_posted:
            post(self.world.sender, claim)

    @rule(
        customer=CUSTOMERS,
        name=st.sampled_from(("sent", "delivered", "read", "failed")),
        pick=st.integers(0, 99),
    )
    def tell(self, customer: int, name: str, pick: int) -> None:
        """Bring a status of something that WhatsApp accepted, at any time and in any order."""
        of = self.customers[customer]
        accepted = [sent for sent in self.world.whatsapp.sent if sent["to"] == of.number]
        if not accepted:
            return
        sent = accepted[pick % len(accepted)]
        item = status(sent["wamid"], name, int(time.time()), biz_opaque_callback_data=sent["send_key"])
        self.world.deliver(item, key="statuses")
        next(said for said in of.said if said.words == sent["text"]).climb(name)

    @rule()
    def sweep(self) -> None:
        self.world.pass_time()
        with self.world.app.app_context():
            join_due_orphans()

    @invariant()
    def both_say_the_same(self) -> None:
        accepted = [sent["text"] for sent in self.world.whatsapp.sent]
        for customer in getattr(self, "customers", ()):
            rows = db.session.execute(_THREAD, {"number": customer.number}).all()
            unread = db.session.execute(_UNREAD, {"number": customer.number}).scalar()
            db.session.rollback()
            assert [tuple(row) for row in rows] == [(said.words, said.status) for said in customer.said]
            ours = {said.words for said in customer.said}
            left = [said.words for said in customer.said if said.is_accepted]
            assert [words for words in accepted if words in ours] == left
            assert unread == len(customer.items)

    def _someone_who_waits(self, customer: int) -> Customer:
        """Return the customer with something queued for them: to send nothing shows nothing."""
        if not self.customers[customer].queued():
            self.queue(customer)
        return self.customers[customer]

    def _expect_sent(self, to: Customer, answer: str) -> None:
        self._give_up_left_over(to)
        for said in to.queued():
            said.is_accepted, said.status = ANSWERS[answer]
            if answer == "not now":
                return
            answer = "well"

    @staticmethod
    def _give_up_left_over(to: Customer) -> None:
        for said in to.said:
            said.status = "unknown" if said.status == "sending" else said.status


@pytest.mark.timeout(120 + 5 * EXAMPLES)
@pytest.mark.committed
def test_the_ledger_is_what_its_model_says(world: World) -> None:
    class Here(Ledger):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize="KIAAI_EXAMPLES" not in os.environ,
            print_blob=True,
        ),
    )
