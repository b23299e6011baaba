"""Ask the model about one turn: a few steps, one repair, one deadline, one budget. No table behind."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kiaai.bot.llm import LanguageModel
from kiaai.bot.llm_bubble import Refused
from kiaai.bot.llm_prompt import first_messages, next_messages
from kiaai.bot.llm_reply import Reply
from kiaai.bot.llm_tools import TOOLS, Ruling, judge
from kiaai.bot.model_record import ModelRecord, Step
from kiaai.bot.model_rest import ModelFailed
from kiaai.bot.turn import Decision, LeadChange, Passage, TurnInput

MOST_STEPS = 4
# About so many characters make a token, where the server does not count.
_PER_TOKEN = 4
_NOTED = "Noted. Now call answer, ask or hand_off."


def consult(
    model: LanguageModel, turn: TurnInput, passages: Sequence[Passage], tokens_left: int | None
) -> tuple[Decision | None, ModelRecord]:
    """Return what the model decides, with its changes to the lead, and how it came to that.

    No decision: the record says why it `stopped`. tokens_left: None without a limit.
    """
    asking = _Asking(model, turn, passages, tokens_left)
    try:
        with model.turnstile.entered():
            ruling = asking.ruling()
    except ModelFailed as failure:
        return None, replace(asking.record(), stopped=failure.code)
    record = replace(asking.record(), hand_off_reason=ruling.hand_off_reason, cited=ruling.cited)
    decision = ruling.decision
    return replace(decision, changes=asking.changes) if decision else None, record


class _Asking:
    """One turn's talk with the model."""

    def __init__(
        self,
        model: LanguageModel,
        turn: TurnInput,
        passages: Sequence[Passage],
        tokens_left: int | None,
    ):
        self._model, self._turn, self._passages = model, turn, passages
        self._tokens_left = tokens_left
        self._messages: list[dict[str, Any]] = first_messages(turn, passages)
        self._steps: list[Step] = []
        self._changes: dict[str, LeadChange] = {}

    @property
    def changes(self) -> tuple[LeadChange, ...]:
        return tuple(self._changes.values())

    def record(self) -> ModelRecord:
        record = ModelRecord(self._model.name, tuple(self._steps))
        return replace(record, cost_micros=self._model.cost_micros(record.tokens_in, record.tokens_out))

    def ruling(self) -> Ruling:
        """Return the ruling that ends the turn. Raises ModelFailed."""
        deadline = time.monotonic() + self._model.deadline_seconds
        has_repaired = False
        for number in range(MOST_STEPS):
            reply = self._reply(deadline)
            try:
                ruling = judge(reply.calls, self._turn, self._passages)
            except Refused as refusal:
                self._steps[-1] = replace(self._steps[-1], refused=str(refusal))
                if has_repaired:
                    raise ModelFailed("model_nonsense") from None
                has_repaired, said = True, f"Refused, nothing was done: {refusal}."
            else:
                self._changes.update({change.kind: change for change in ruling.changes})
                if ruling.decision:
                    return ruling
                said = _NOTED
            self._messages += next_messages(reply, said, number)
        raise ModelFailed("model_steps")

    def _reply(self, deadline: float) -> Reply:
        """Ask once and note the step, whatever comes of it."""
        estimate = len(json.dumps([self._messages, TOOLS], ensure_ascii=False)) // _PER_TOKEN
        self._require_budget(estimate)
        started = time.monotonic()
        try:
            reply = self._model.complete(self._messages, TOOLS, deadline)
        except ModelFailed as failure:
            # What the server read is most likely billed, though it never told.
            tokens_in = 0 if failure.is_free else estimate
            self._steps.append(
                Step(_since(started), tokens_in=tokens_in, is_estimate=True, error=str(failure)[:200])
            )
            raise
        self._steps.append(_step(reply, _since(started), estimate))
        return reply

    def _require_budget(self, estimate: int) -> None:
        used = sum(step.tokens_in + step.tokens_out for step in self._steps)
        if self._tokens_left is not None and used + estimate > self._tokens_left:
            raise ModelFailed("budget")


def _step(reply: Reply, milliseconds: int, estimate: int) -> Step:
    written = sum(len(call.arguments) for call in reply.calls) or len(reply.content)
    return Step(
        milliseconds=milliseconds,
        tokens_in=estimate if reply.tokens_in is None else reply.tokens_in,
        tokens_out=written // _PER_TOKEN if reply.tokens_out is None else reply.tokens_out,
        is_estimate=reply.tokens_in is None or reply.tokens_out is None,
        finish_reason=reply.finish_reason,
        calls=reply.calls,
        content=reply.content,
    )


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
