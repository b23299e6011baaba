"""The whole order of answers for one turn: rules, the model where there is one, what is known. No table."""

from dataclasses import replace

from kiaai.bot.consulting import consult
from kiaai.bot.deciding import by_knowledge, by_rules
from kiaai.bot.llm import LanguageModel
from kiaai.bot.turn import Decision, Found, TurnInput


def decide(turn: TurnInput, found: Found, model: LanguageModel | None = None) -> Decision:
    """Decide a turn, also one that nobody wrote. `Decision.model` tells how the model was asked."""
    return by_rules(turn) or beyond_rules(turn, found, model)


def beyond_rules(turn: TurnInput, found: Found, model: LanguageModel | None = None) -> Decision:
    """Decide what the words alone did not; a model that fails leaves it to what is known."""
    if model is None or not turn.texts:
        return by_knowledge(turn, found.passages)
    decision, record = consult(model, turn, found.passages or found.nearby, found.tokens_left)
    if decision is None:
        decision = by_knowledge(turn, found.passages)
        decision = replace(decision, reason=record.stopped or decision.reason)
    return replace(decision, model=record)
