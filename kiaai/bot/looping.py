"""Another program at the other end: two that answer each other must stop after a few bubbles. Pure.

A *round* is what the customer wrote between two of our bubbles. It looks like a program's when nobody's
fingers could have written it in the time since the round before, when it repeats a former round word for
word, or when it calls itself automatic. Three such rounds in a row, each to a bubble of the bot, are a loop.
People who type fast, dictate, press buttons or send short words quickly stay far below that; one round of a
person ends the row, and so does a word of the team.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from kiaai.bot.wording import phrase_of, phrases
from kiaai.models import Message

MOST_ROUNDS = 3
# "Hola" is soon said again by anyone: short words need more.
MOST_SHORT_ROUNDS = 6
LONG_ENOUGH = 15
# The fastest typists reach ten, and speech that is written down a few more.
FASTEST_LETTERS_PER_SECOND = 15
# WhatsApp tells whole seconds: what came at 3.9 and went on at 4.0 was not at once.
_UNCERTAIN_SECONDS = 1.0
_LOOKED_BACK = timedelta(hours=1)

_AUTOMATIC = phrases(
    r"\b(?:soy|es|fue)(?: solo)? (?:un |una |el |la |tu |su )*(?:asistente (?:automatic[oa]|virtual|digital)"
    r"|bot|chatbot|(?:mensaje|respuesta|contestador) automatic[oa])\b",
    r"\b(?:mensaje|respuesta) (?:enviad[oa] )?automatic(?:o|a|amente)\b",
    r"\b(?:i am|im|this is) (?:just )?(?:an? |the |your )*(?:(?:automatic|automated|virtual|digital) "
    r"(?:assistant|message|reply|response)|(?:chat)?bot)\b",
    r"\b(?:automatic|automated|auto) (?:reply|response|message)\b|\bautoreply\b",
)
_NO_TALK = ("reaction", "edit", "revoke", "system", "erased")
_QUESTION = re.compile(r"\?\s*$")


@dataclass(frozen=True)
class _Round:
    """What the customer wrote to one bubble. is_by_hand: a tap or a file is among it, or it has no words."""

    phrase: str
    letters: int
    said_at: datetime
    is_by_hand: bool
    is_automatic: bool


def is_loop(thread: Sequence[Message], at: datetime) -> bool:
    """Tell whether what waits for an answer comes from another program. thread: newest last."""
    rounds = list(_rounds(thread, at))
    newest_first = range(len(rounds) - 1, 0, -1)
    row = [rounds[number] for number in takewhile(lambda n: _is_of_program(rounds, n), newest_first)]
    long_ones = sum(len(round.phrase) >= LONG_ENOUGH for round in row)
    return long_ones >= MOST_ROUNDS or len(row) >= MOST_SHORT_ROUNDS


def _is_of_program(rounds: Sequence[_Round], number: int) -> bool:
    round, former = rounds[number], rounds[number - 1]
    if round.is_by_hand:
        return False
    is_repeated = any(round.phrase == other.phrase for other in rounds[:number])
    return is_repeated or round.is_automatic or _is_too_fast(round, former)


def _is_too_fast(round: _Round, former: _Round) -> bool:
    seconds = (round.said_at - former.said_at).total_seconds() + _UNCERTAIN_SECONDS
    return round.letters >= LONG_ENOUGH and round.letters > FASTEST_LETTERS_PER_SECOND * seconds


def _rounds(thread: Sequence[Message], at: datetime) -> Iterator[_Round]:
    """Group the newest messages into rounds; they begin after the last word of the team, or an hour ago."""
    said: list[Message] = []
    for message in _since_the_team_spoke(thread, at):
        if not message.is_outgoing:
            said.append(message)
        elif said:
            yield _round(said)
            said = []
    if said:
        yield _round(said)


def _since_the_team_spoke(thread: Sequence[Message], at: datetime) -> list[Message]:
    def is_of_now(message: Message) -> bool:
        is_team = message.is_outgoing and message.author not in ("bot", "campaign")
        return at - message.timestamp <= _LOOKED_BACK and (not is_team or message.status == "cancelled")

    # As they came: an answer at once has the whole second before that of what it answers.
    newest_first = sorted(thread, key=lambda message: message.id, reverse=True)
    talk = [message for message in takewhile(is_of_now, newest_first) if _is_said(message)]
    return talk[::-1]


def _is_said(message: Message) -> bool:
    if message.is_outgoing:
        return message.author == "bot" and message.status not in ("cancelled", "failed")
    return message.kind not in _NO_TALK and "group_id" not in message.payload


def _round(said: Sequence[Message]) -> _Round:
    texts = [message.text or "" for message in said]
    phrase = phrase_of(" ".join(texts))
    return _Round(
        phrase=phrase,
        letters=sum(map(len, texts)),
        said_at=said[-1].timestamp,
        is_by_hand=not phrase or any(message.kind != "text" for message in said),
        is_automatic=any(_is_automatic(text) for text in texts),
    )


def _is_automatic(text: str) -> bool:
    # "Is this an automatic reply?" is what a person asks.
    return bool(_AUTOMATIC.search(phrase_of(text[:1000]))) and not _QUESTION.search(text)
