"""What the bot knows when its turn comes, and what it decides: frozen, with no table behind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kiaai.bot.model_record import ModelRecord


@dataclass(frozen=True)
class Standing:
    """Who may speak. Read when a turn starts and again when its answer is stored: it must not differ."""

    epoch: int
    is_enabled: bool
    is_quiet: bool
    is_opted_out: bool

    @property
    def is_free_to_speak(self) -> bool:
        return self.is_enabled and not self.is_quiet and not self.is_opted_out


@dataclass(frozen=True)
class Closed:
    """Nobody is there. now, back_at: on the clock of the business; back_at None when that is far off."""

    now: datetime
    back_at: datetime | None


@dataclass(frozen=True)
class Line:
    """Something said earlier. by: `customer`, or `business` for the bot and the people of the team."""

    by: str
    text: str


@dataclass(frozen=True)
class TurnInput:
    """One turn, as read in a single transaction.

    texts: what the customer said in words and nobody answered yet, oldest first.
    all_texts: those, what came too late for an answer, and what a person has answered.
    things: what came without words (`image`, `audio`, `sticker`, `order`, `form` ...).
    earlier: older words of the customer, to tell the language by.
    is_loop: another program writes at the other end, see `looping.py`.
    was_fallback: the last thing said to the customer was that the bot does not know.
    topics: (language, title) of what the bot can talk about.
    closed: nobody is there now; None within office hours.
    talk: the last of what both sides said before; lead_status, customer_name: what is known of the lead.
    """

    standing: Standing
    texts: tuple[str, ...] = ()
    all_texts: tuple[str, ...] = ()
    things: frozenset[str] = frozenset()
    earlier: tuple[str, ...] = ()
    is_stale: bool = False
    is_loop: bool = False
    attempts: int = 1
    said_last_hour: int = 0
    was_fallback: bool = False
    business_name: str = ""
    topics: tuple[tuple[str, str], ...] = ()
    closed: Closed | None = None
    talk: tuple[Line, ...] = ()
    lead_status: str = "unknown"
    customer_name: str | None = None


@dataclass(frozen=True)
class Passage:
    """An article that may answer. text: as WhatsApp shows it. score: 0 to about 2."""

    article_id: int
    title: str
    text: str
    language: str
    score: float


@dataclass(frozen=True)
class Found:
    """What the knowledge base has for a turn.

    passages: what answers the words themselves. nearby: what answers them with what was said before, for a
    model to read. tokens_left: of the conversation's budget for today; None without a limit.
    """

    passages: tuple[Passage, ...] = ()
    nearby: tuple[Passage, ...] = ()
    tokens_left: int | None = None


@dataclass(frozen=True)
class LeadChange:
    """What the bot learned about the customer, kept with its answer."""

    kind: Literal["status", "name"]
    value: str


@dataclass(frozen=True)
class Decision:
    """What the bot does with its turn.

    kind: `answer`, `ask` (a question back), `fallback`, `hand_off`, `opt_out`, `opt_in` or `silent`.
    text: None says nothing. reason: why it stopped here, for the record and the history.
    model: how the model was asked, whatever came of it; None when it was not.
    """

    kind: str
    reason: str
    text: str | None = None
    language: str = "es"
    passages: tuple[Passage, ...] = ()
    changes: tuple[LeadChange, ...] = ()
    model: ModelRecord | None = None
