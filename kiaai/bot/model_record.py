"""How a model was asked in one turn: each step, what it cost, and why it ended. Frozen and pure."""

from dataclasses import dataclass
from typing import Any

# A record is read by people: more of what a model wrote tells them nothing.
LONGEST_KEPT = 1_000


@dataclass(frozen=True)
class ToolCall:
    """A tool as the model called it, checked by nobody yet. arguments: JSON text."""

    tool: str
    arguments: str


@dataclass(frozen=True)
class Step:
    """One request to the model and what came back.

    content: what it wrote outside of tools. refused: why its calls were not taken.
    error: why there was no answer at all. is_estimate: the server told no tokens.
    """

    milliseconds: int
    tokens_in: int = 0
    tokens_out: int = 0
    is_estimate: bool = False
    finish_reason: str | None = None
    calls: tuple[ToolCall, ...] = ()
    content: str = ""
    refused: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class ModelRecord:
    """All steps of a turn.

    stopped: why the model has no part in the answer: `budget`, `model_silent`, `model_refused`,
    `model_nonsense`, `model_steps`, `model_busy` or `model_resting`; None when its decision stands.
    hand_off_reason: its own words. cited: articles that it named. cost_micros: millionths of the currency.
    """

    name: str
    steps: tuple[Step, ...] = ()
    stopped: str | None = None
    cost_micros: int = 0
    hand_off_reason: str | None = None
    cited: tuple[int, ...] = ()

    @property
    def tokens_in(self) -> int:
        return sum(step.tokens_in for step in self.steps)

    @property
    def tokens_out(self) -> int:
        return sum(step.tokens_out for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept in `bot_turns.detail`."""
        return {
            "name": self.name,
            "stopped": self.stopped,
            "milliseconds": sum(step.milliseconds for step in self.steps),
            "hand_off_reason": self.hand_off_reason,
            "cited": list(self.cited),
            "steps": [_step_json(step) for step in self.steps],
        }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "milliseconds": step.milliseconds,
        "tokens_in": step.tokens_in,
        "tokens_out": step.tokens_out,
        "is_estimate": step.is_estimate,
        "finish_reason": step.finish_reason,
        "calls": [
            {"tool": call.tool[:LONGEST_KEPT], "arguments": call.arguments[:LONGEST_KEPT]}
            for call in step.calls
        ],
        "content": step.content[:LONGEST_KEPT],
        "refused": step.refused,
        "error": step.error,
    }
