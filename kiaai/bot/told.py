"""What a turn came to, in one shape for the page to try the bot and for the record of a turn. Pure."""

from dataclasses import asdict, dataclass, field
from typing import Any

from kiaai.bot.recording import passages_of
from kiaai.bot.turn import Decision
from kiaai.models import BotTurn


@dataclass(frozen=True)
class Told:
    """A turn as it is shown.

    found: {article_id, title, score} of each article, the best first. near: the same of what
    comes closest where nothing was found. model: see `ModelRecord.as_json`.
    changes: of the lead, by kind. milliseconds: None where nobody took the time.
    """

    decision: str
    reason: str
    text: str | None = None
    language: str = "es"
    found: list[dict[str, Any]] = field(default_factory=list)
    near: list[dict[str, Any]] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)
    model: dict[str, Any] | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0
    milliseconds: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def told_of_decision(decision: Decision, milliseconds: int | None = None) -> Told:
    """Return what a decision came to."""
    model = decision.model
    return Told(
        decision=decision.kind,
        reason=decision.reason,
        text=decision.text,
        language=decision.language,
        found=passages_of(decision).get("found", []),
        changes={change.kind: change.value for change in decision.changes},
        model=model.as_json() if model else None,
        tokens_in=model.tokens_in if model else 0,
        tokens_out=model.tokens_out if model else 0,
        cost_micros=model.cost_micros if model else 0,
        milliseconds=milliseconds,
    )


def told_of_turn(turn: BotTurn) -> Told:
    """Return what a turn came to, from its record."""
    detail = turn.detail
    took = (turn.finished_at - turn.started_at).total_seconds() * 1000 if turn.finished_at else None
    return Told(
        decision=turn.decision,
        reason=turn.reason or "",
        text=detail.get("text"),
        language=detail.get("language", "es"),
        found=turn.passages.get("found", []),
        changes=detail.get("changes", {}),
        model=detail.get("model"),
        tokens_in=turn.tokens_in,
        tokens_out=turn.tokens_out,
        cost_micros=turn.cost_micros,
        milliseconds=round(took) if took is not None else None,
    )
