"""A turn taken again with what is known today: nothing is sent, nothing is kept. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kiaai.bot.llm import LanguageModel
from kiaai.bot.recording import replayed
from kiaai.bot.told import Told, told_of_turn
from kiaai.bot.trial import take_turn
from kiaai.bot.turn import Closed, Found, TurnInput
from kiaai.models import BotTurn


@dataclass(frozen=True)
class Replay:
    """What a turn came to, and what it would come to now. differences: names of what is not the same."""

    then: Told
    now: Told

    @property
    def differences(self) -> frozenset[str]:
        then, now = self.then, self.now
        pairs = {
            "decision": (then.decision, now.decision),
            "reason": (then.reason, now.reason),
            "text": (then.text, now.text),
            "found": (_ids(then), _ids(now)),
            "model": (then.model is None, now.model is None),
        }
        return frozenset(name for name, (was, would) in pairs.items() if was != would)

    @property
    def is_other_answer(self) -> bool:
        """Whether the customer would notice."""
        return not self.differences.isdisjoint({"decision", "text"})

    @property
    def is_other_ground(self) -> bool:
        """Whether it would come to its answer by another way."""
        return not self.differences.isdisjoint({"decision", "reason", "found", "model"})


def can_replay(turn: BotTurn) -> bool:
    """Tell whether the record still says what was read: not when it was erased, or is of an early release."""
    return bool(turn.detail.get("read") or turn.detail.get("things"))


def input_again(
    turn: BotTurn, business_name: str, topics: tuple[tuple[str, str], ...], closed: Closed | None
) -> TurnInput:
    """Return what the turn read, as if the bot might speak. closed: as it was then."""
    again = replayed(turn.detail, business_name, topics)
    return replace(again, closed=closed if turn.detail.get("is_closed") else None)


def replay(
    turn: BotTurn, again: TurnInput, find: Callable[[TurnInput], Found], model: LanguageModel | None
) -> Replay:
    """Take the turn again. find: leaves no transaction open."""
    then = told_of_turn(turn)
    return Replay(then, take_turn(again, find, model))


def _ids(told: Told) -> list[int]:
    return [passage["article_id"] for passage in told.found]
