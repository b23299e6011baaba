"""A talk with the bot that nobody else hears: what was said so far, and the bot's next turn. Pure."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kiaai.bot.answering import decide
from kiaai.bot.llm import LanguageModel
from kiaai.bot.told import Told, told_of_decision
from kiaai.bot.turn import Closed, Found, Line, Standing, TurnInput

# What a page carries along; older words tell the bot nothing anyhow.
MOST_EXCHANGES = 20
LONGEST_MESSAGE = 1_000
_NEWEST_LINES = 8


@dataclass(frozen=True)
class Exchange:
    """What the customer said, and what the bot made of it. number: counted from 1, over all of the talk."""

    number: int
    said: str
    told: Told


@dataclass(frozen=True)
class Setting:
    """As whom one writes, and when. closed: None within office hours."""

    business_name: str
    topics: tuple[tuple[str, str], ...] = ()
    closed: Closed | None = None
    lead_status: str = "unknown"
    customer_name: str | None = None


def turn_input(said: str, before: list[Exchange], setting: Setting) -> TurnInput:
    """Return the turn as the bot would read it from the conversation."""
    answered = [exchange for exchange in before if exchange.told.text]
    return TurnInput(
        standing=_standing(before),
        texts=(said,),
        all_texts=(said,),
        earlier=tuple(exchange.said for exchange in before),
        said_last_hour=len(answered),
        was_fallback=bool(answered) and answered[-1].told.decision == "fallback",
        business_name=setting.business_name,
        topics=setting.topics,
        closed=setting.closed,
        talk=tuple(line for exchange in before for line in _lines(exchange))[-_NEWEST_LINES:],
        lead_status=setting.lead_status,
        customer_name=setting.customer_name,
    )


def take_turn(turn: TurnInput, find: Callable[[TurnInput], Found], model: LanguageModel | None) -> Told:
    """Let the bot decide, and take the time. find: leaves no transaction open."""
    started = time.monotonic()
    decision = decide(turn, find(turn), model)
    return told_of_decision(decision, round((time.monotonic() - started) * 1000))


def tokens_used(exchanges: list[Exchange]) -> int:
    """Return what the model has used in this talk."""
    return sum(exchange.told.tokens_in + exchange.told.tokens_out for exchange in exchanges)


def with_next(exchanges: list[Exchange], said: str, told: Told) -> list[Exchange]:
    """Return the talk with one more exchange; the oldest goes when it gets long."""
    number = exchanges[-1].number + 1 if exchanges else 1
    return [*exchanges, Exchange(number, said, told)][-MOST_EXCHANGES:]


def as_json(exchanges: list[Exchange]) -> list[dict[str, Any]]:
    return [{"number": each.number, "said": each.said, "told": each.told.as_json()} for each in exchanges]


def from_json(value: list[dict[str, Any]]) -> list[Exchange]:
    """Return the talk from what `as_json` made."""
    return [Exchange(each["number"], each["said"], Told(**each["told"])) for each in value]


def _standing(before: list[Exchange]) -> Standing:
    """Return who may speak after what was decided: after a hand-off a person has the conversation."""
    consents = [
        exchange.told.decision for exchange in before if exchange.told.decision in ("opt_in", "opt_out")
    ]
    return Standing(
        epoch=0,
        is_enabled=True,
        is_quiet=any(exchange.told.decision == "hand_off" for exchange in before),
        is_opted_out=bool(consents) and consents[-1] == "opt_out",
    )


def _lines(exchange: Exchange) -> list[Line]:
    said = Line("customer", exchange.said)
    return [said, Line("business", exchange.told.text)] if exchange.told.text else [said]
