"""What became of one try to send, decided from the client's answer. Pure."""

import random
from dataclasses import dataclass

from kiaai.whatsapp.errors import GraphError, verdict_of

LONGEST_BACKOFF_SECONDS = 30
# A talk message that would have to wait longer than this is better answered by a person.
LONGEST_TALK_WAIT_SECONDS = 15 * 60


@dataclass(frozen=True)
class Sent:
    """Accepted by WhatsApp under this wamid."""

    wamid: str


@dataclass(frozen=True)
class Refused:
    """Not accepted, and never will be."""

    code: int | None
    text: str


@dataclass(frozen=True)
class NotNow:
    """Surely not accepted; tried again after `wait_seconds`.

    counts_failure: it says something about the channel. hold_seconds: nobody sends until then.
    """

    wait_seconds: float
    code: int | None
    text: str
    counts_failure: bool = True
    hold_seconds: float = 0


@dataclass(frozen=True)
class Stopped:
    """Not accepted, and nothing else will be until the channel is mended."""

    code: int | None
    text: str


@dataclass(frozen=True)
class Unknown:
    """It may have been accepted; never sent again by itself."""

    text: str


Outcome = Sent | Refused | NotNow | Stopped | Unknown


def outcome_of(error: GraphError, attempt: int, lane: str) -> Outcome:
    """Return what follows from the error for a message in its `attempt`-th try."""
    fate, verdict, text = error.fate_after(attempt), verdict_of(error), str(error)
    if fate == "unknown":
        return Unknown(text)
    if fate == "stop":
        return Stopped(error.code, text)
    if fate == "refused" or (lane == "talk" and verdict.wait_seconds > LONGEST_TALK_WAIT_SECONDS):
        return Refused(error.code, text)
    return NotNow(
        wait_seconds=max(float(verdict.wait_seconds), backoff_seconds(attempt)),
        code=error.code,
        text=text,
        counts_failure=verdict.scope in ("message", "channel"),
        hold_seconds=verdict.wait_seconds if verdict.scope == "channel" else 0,
    )


def backoff_seconds(attempt: int) -> float:
    """Return a wait that doubles from 1 s to at most 30 s, with up to a quarter of jitter taken off."""
    longest = min(2 ** (max(attempt, 1) - 1), LONGEST_BACKOFF_SECONDS)
    return float(longest) * random.uniform(0.75, 1)
