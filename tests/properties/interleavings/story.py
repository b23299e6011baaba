"""One story: a customer, a team, a bot and a sender in one conversation, drawn from a seed."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from kiaai.bot.manager import ConversationManager
from kiaai.delivery import ownership
from kiaai.delivery.outbox import Sender, cancel, queue_message
from kiaai.delivery.sending import drain
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.inbox import closing
from kiaai.inbox.assigning import assign
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation
from tests.properties.interleavings.conductor import Act, Conductor, Fate
from tests.properties.interleavings.line import Line
from tests.properties.world import World
from tests.webhook.test_views import body, status
from tests.webhook.test_views import text as text_item

Work = Callable[[], object]

# What customers write; mostly what the bot answers at once, as nothing else is tried here.
WORDS = (
    "hola",
    "hola",
    "¿eres un bot?",
    "¿eres un bot?",
    "muchas gracias",
    "¿A qué hora abren?",
    "ok",
    "STOP",
    "persona",
)
ROUNDS = 10

_CONVERSATION = text(
    "SELECT c.id FROM conversations c JOIN leads l ON l.id = c.lead_id WHERE l.phone_number = :number"
)
# In one round trip each, as time passes often. Nothing is locked beside the channel.
_LEASES_END = """
    UPDATE conversations SET
        turn_until = CASE WHEN turn_until IS NOT NULL THEN clock_timestamp() END,
        lease_until = CASE WHEN lease_until IS NOT NULL AND NOT :has_sender THEN clock_timestamp()
            ELSE lease_until END,
        talk_due_at = CASE WHEN talk_due_at IS NOT NULL THEN clock_timestamp() END,
        bot_since_at = bot_since_at - interval '31 s'
    WHERE id = :id;
    UPDATE messages SET next_attempt_at = NULL WHERE conversation_id = :id AND status = 'queued'"""
_CHANNEL = "UPDATE channels SET hold_until = NULL, fail_count = 0, paused_at = NULL, next_slot_at = NULL"
_DUE = text(
    "SELECT bot_due_at IS NOT NULL AS bot, talk_due_at IS NOT NULL AS talk FROM conversations WHERE id = :id"
)
_NEWEST_OF_TEAM = text(
    "SELECT max(id) FROM messages WHERE conversation_id = :id AND author = 'user' AND status = 'queued'"
)


@dataclass
class Wrote:
    """A message of the customer: when Meta first brought it, and the 200 for it, None while there is none."""

    wamid: str
    words: str
    began_at: float
    taken_at: float | None = None


@dataclass
class Story:
    """What is drawn, what was promised, and what happened."""

    seed: int
    world: World
    line: Line
    monitor: Connection
    user_id: int
    chance: random.Random = field(init=False)
    number: str = field(init=False)
    conductor: Conductor = field(init=False)
    conversation_id: int = 0
    wrote: list[Wrote] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    untaken: list[bytes] = field(default_factory=list)
    # Acts by which a person takes the word, and those that give it back; the switch is apart from both.
    taking: list[Act] = field(default_factory=list)
    giving: list[Act] = field(default_factory=list)
    switching_off: list[Act] = field(default_factory=list)
    switching_on: list[Act] = field(default_factory=list)
    has_read: bool = False
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.number = f"569{self.seed % 100_000_000:08}"
        self.conductor = Conductor(self.world.app, self.monitor)

    def tell(self) -> None:
        """Tell it to its end: first in the drawn order, then until nothing is left to do."""
        self.line.plan(self.number, self._answers())
        self._play("write", self._write("hola"), None)
        self.conversation_id = int(self.monitor.execute(_CONVERSATION, {"number": self.number}).scalar_one())
        if self.chance.random() < 0.3:
            self._open()
        for _ in range(self.chance.randint(2, 8)):
            getattr(self, f"_do_{self._next()}")()
            if self.conductor.held and self.chance.random() < 0.35:
                self._let_go()
        while self.conductor.held:
            self._let_go()
        self.conductor.finish()
        self._settle()

    # --- What may happen

    def _next(self) -> str:
        """Draw what comes; a worker that finds nothing to do tells little, so it rarely does."""
        name = self.chance.choices(_NAMES, _WEIGHTS)[0]
        is_curious = self.chance.random() < 0.1
        if name in ("turn", "send") and not is_curious:
            due = self.monitor.execute(_DUE, {"id": self.conversation_id}).one()
            if not (due.bot if name == "turn" else due.talk):
                return "send" if due.talk else "turn" if due.bot else "write"
        return name

    def _open(self) -> None:
        """Begin as chance alone seldom does: where only one of several guards stands in the way."""
        opening = self.chance.choice(_OPENINGS)
        self.trace.append(f"--- opens: {opening[0]}")
        if opening is _REFUSED_ONCE:
            self.line.plan(self.number, ["not now"])
        for step in opening[1:]:
            name, _, place = step.partition(" at ")
            fate = Fate("hold", place) if place else None
            if name == "go on":
                self._let_go()
            else:
                self._play(name, self._work(name), fate)
            self._keep(name)

    def _work(self, name: str) -> Work:
        if name == "write":
            return self._write("hola")
        works: dict[str, Work] = {
            "turn": self._turn,
            "send": self._send,
            "time passes": self._pass_time,
            "takes over": lambda: _takes_over(self),
            "hands back": lambda: _hands_back(self),
        }
        return works[name]

    def _keep(self, name: str) -> None:
        lists = {"takes over": self.taking, "hands back": self.giving}
        if name in lists:
            lists[name].append(self.conductor.acts[-1])

    def _do_write(self) -> None:
        words = [self.chance.choice(WORDS) for _ in range(self.chance.choice((1, 1, 1, 2)))]
        self._play(
            "write " + ", ".join(words), self._write(*words), self._fate(9, ("before_commit", "after_commit"))
        )

    def _do_repeat(self) -> None:
        raw = self.chance.choice(self.bodies)
        self._play("bring again", lambda: self._bring(raw), self._fate(9, ("before_commit", "after_commit")))

    def _do_turn(self) -> None:
        points = ("bot_after_claim", "bot_after_claim", "bot_before_commit", "bot_after_commit")
        self._play("turn", self._turn, self._fate(26, points))

    def _do_send(self) -> None:
        points = (
            "before_claim",
            "after_claim",
            "before_post",
            "after_post",
            "before_outcome",
            "after_outcome",
        )
        self._play("send", self._send, self._fate(24, points))

    def _do_person(self) -> None:
        work, *lists = self.chance.choice(_PERSON)
        name = work.__name__.strip("_")
        act = self._play(name, lambda: work(self), self._fate(9, ("before_commit", "after_commit")))
        for each in lists:
            getattr(self, each).append(act)

    def _do_time(self) -> None:
        """Let leases end, but not that of a sender at work: it gives a call up long before that."""
        sends = any(act.name.startswith("send") for act in self.conductor.held)
        self._play("time passes", lambda: self._pass_time(has_sender=sends), None)

    def _do_status(self) -> None:
        self._play("status", self._status, self._fate(4, ("before_commit", "after_commit")))

    def _do_let_go(self) -> None:
        self._let_go()

    # --- How it happens

    def _play(self, name: str, work: Work, fate: Fate | None) -> Act:
        self.trace.append(f"{len(self.trace)}. {name}{f' ({fate})' if fate else ''}")
        act = self.conductor.play(f"{name} [{len(self.trace) - 1}]", work, fate)
        if act.error or act.has_died:
            self.trace.append(f"   -> {'died' if act.has_died else repr(act.error)[:200]}")
        return act

    def _let_go(self) -> None:
        number = self.chance.randrange(9)
        held = self.conductor.held
        if held:
            self.trace.append(f"{len(self.trace)}. go on: {held[number % len(held)].name}")
            self.conductor.let_go(number)

    def _fate(self, statements: int, points: tuple[str, ...]) -> Fate | None:
        what = self.chance.choices((None, "hold", "die", "cut"), (45, 35, 14, 6))[0]
        at_point = self.chance.random() < 0.5
        place = self.chance.choice(points) if at_point else f"statement {self.chance.randint(1, statements)}"
        if what is None or (what == "cut" and at_point):
            return None
        return Fate(what, place)

    def _answers(self) -> list[str]:
        kinds = ("well", "cut", "garbage", "refused", "not now")
        return self.chance.choices(kinds, (72, 6, 3, 4, 15), k=6)

    def _write(self, *words: str) -> Work:
        now = time.time()
        new = [Wrote(f"wamid.{uuid4()}", each, now) for each in words]
        self.wrote += new
        raw = body(*(text_item(each.wamid, each.words, self.number, int(now)) for each in new))
        self.bodies.append(raw)
        self.untaken.append(raw)
        return lambda: self._bring(raw)

    def _bring(self, raw: bytes) -> None:
        if self.world.post(raw) == 200 and raw in self.untaken:
            self.untaken.remove(raw)
            now = time.time()
            for each in self.wrote:
                if each.taken_at is None and each.wamid.encode() in raw:
                    each.taken_at = now

    def _turn(self) -> None:
        ConversationManager(self.world.settings).turn(self.conversation_id)

    def _send(self) -> None:
        drain(self.conversation_id, self.world.sender, self.world.pace())

    def _status(self) -> None:
        posts = [post for post in self.line.posts(self.number) if post.is_accepted]
        if not posts:
            return
        told = [
            status(post.wamid, "delivered", int(time.time()), biz_opaque_callback_data=post.send_key)
            for post in posts
        ]
        self.world.post(body(*told, key="statuses"))

    def _pass_time(self, has_sender: bool = False) -> None:
        db.session.execute(text(_CHANNEL))
        db.session.commit()
        db.session.execute(text(_LEASES_END), {"id": self.conversation_id, "has_sender": has_sender})
        db.session.commit()

    def _settle(self) -> None:
        """Sweep until nothing is due; Meta brings what was not taken, until it is."""
        self.trace.append("--- all settle")
        for _ in range(ROUNDS):
            for raw in list(self.untaken):
                self._play("bring again", lambda raw=raw: self._bring(raw), None)  # type: ignore[misc]
            due = self.monitor.execute(_DUE, {"id": self.conversation_id}).one()
            if not (due.bot or due.talk or self.untaken):
                return
            self._play("time passes", self._pass_time, None)
            if due.bot:
                self._play("turn", self._turn, None)
            if due.talk or due.bot:
                self._play("send", self._send, None)


def _here(story: Story) -> Conversation:
    return db.session.get_one(Conversation, story.conversation_id)


def _saved() -> None:
    fault_point("before_commit")
    db.session.commit()
    fault_point("after_commit")


def _user_writes(story: Story) -> None:
    queue_message(_here(story), Sender("user", user_id=story.user_id), text=f"Soy Bob {uuid4()}")
    _saved()


def _api_writes(story: Story) -> None:
    queue_message(_here(story), Sender("api", api_key_id=1), text=f"Soy la API {uuid4()}")
    _saved()


def _bot_stays(story: Story) -> None:
    queue_message(_here(story), Sender("api", api_key_id=1), text=f"Con el bot {uuid4()}", keep_bot=True)
    _saved()


def _takes_over(story: Story) -> None:
    ownership.take_over(_here(story), story.user_id)
    _saved()


def _hands_back(story: Story) -> None:
    ownership.hand_back(_here(story), story.user_id)
    _saved()


def _switches_off(story: Story) -> None:
    ownership.set_bot_enabled(_here(story), False)
    _saved()


def _switches_on(story: Story) -> None:
    ownership.set_bot_enabled(_here(story), True)
    _saved()


def _answers_on_phone(story: Story) -> None:
    item = {**text_item(f"wamid.{uuid4()}", "Soy Bob", "56221110000", int(time.time())), "to": story.number}
    raw = body(item, key="message_echoes", field="smb_message_echoes")
    story.has_read = True
    if story.world.post(raw) != 200:
        story.untaken.append(raw)
        raise ValidationFailed("the echo comes later")


def _undoes(story: Story) -> None:
    newest = db.session.execute(_NEWEST_OF_TEAM, {"id": story.conversation_id}).scalar_one()
    db.session.rollback()
    if newest is not None:
        cancel(newest)
    _saved()


def _closes(story: Story) -> None:
    closing.close(_here(story), Actor("user", story.user_id))
    _saved()


def _assigns(story: Story) -> None:
    assign(_here(story), story.user_id, Actor("user", story.user_id))
    _saved()


# What a person does, and the lists of such acts: what takes the word from the bot, and what gives it back.
_PERSON: tuple[tuple[Any, ...], ...] = (
    (_user_writes, "taking"),
    (_api_writes, "taking"),
    (_takes_over, "taking"),
    (_takes_over, "taking"),
    (_answers_on_phone, "taking"),
    (_switches_off, "switching_off"),
    (_hands_back, "giving"),
    (_hands_back, "giving"),
    (_switches_on, "giving", "switching_on"),
    (_bot_stays,),
    (_undoes,),
    (_closes,),
    (_assigns,),
)
_SLOW_TURN = (
    "slow turn",
    "turn at bot_after_claim",
    "takes over",
    "hands back",
    "write",
    "time passes",
    "go on",
)
_LOST_TURN = ("lost turn", "turn at bot_after_claim", "time passes", "turn", "write", "time passes", "go on")
_REFUSED_ONCE = ("refused once", "turn", "send at before_outcome", "takes over", "go on")
_LATE_WORD = ("late word", "time passes", "turn at bot_after_claim", "write", "go on")
_OPENINGS = (_SLOW_TURN, _LOST_TURN, _REFUSED_ONCE, _LATE_WORD)
_CHANCES: dict[str, int] = {
    "write": 20, "repeat": 8, "turn": 26, "send": 18, "person": 14, "time": 8, "status": 3, "let_go": 6,
}  # fmt: skip
_NAMES, _WEIGHTS = list(_CHANCES), list(_CHANCES.values())
