"""What the bot knows when its turn comes, and what it decides: frozen, with no table behind."""

from dataclasses import dataclass
from datetime import datetime


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
class TurnInput:
    """One turn, as read in a single transaction.

    texts: what the customer said in words and nobody answered yet, oldest first.
    all_texts: those and what came too late for an answer.
    things: what came without words (`image`, `audio`, `sticker`, `order`, `form` ...).
    earlier: older words of the customer, to tell the language by.
    was_fallback: the last thing said to the customer was that the bot does not know.
    topics: (language, title) of what the bot can talk about.
    closed: nobody is there now; None within office hours.
    """

    standing: Standing
    texts: tuple[str, ...] = ()
    all_texts: tuple[str, ...] = ()
    things: frozenset[str] = frozenset()
    earlier: tuple[str, ...] = ()
    is_stale: bool = False
    attempts: int = 1
    said_last_hour: int = 0
    was_fallback: bool = False
    business_name: str = ""
    topics: tuple[tuple[str, str], ...] = ()
    closed: Closed | None = None


@dataclass(frozen=True)
class Passage:
    """An article that may answer. text: as WhatsApp shows it. score: 0 to about 2."""

    article_id: int
    title: str
    text: str
    language: str
    score: float


@dataclass(frozen=True)
class Decision:
    """What the bot does with its turn.

    kind: `answer`, `fallback`, `hand_off`, `opt_out`, `opt_in` or `silent`. text: None says nothing.
    reason: why it stopped here, for the record and the history.
    """

    kind: str
    reason: str
    text: str | None = None
    language: str = "es"
    passages: tuple[Passage, ...] = ()
