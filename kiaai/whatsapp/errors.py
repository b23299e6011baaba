"""What went wrong at WhatsApp, as one exception, and what follows from it."""

import math
from dataclasses import replace
from typing import Literal

from kiaai.errors import KiaAiError
from kiaai.whatsapp.error_codes import TABLE, Action, Explanation, Kind, Scope, Verdict, final, stop, wait
from kiaai.whatsapp.explanations import SPECIAL, explain

__all__ = [
    "Action",
    "Explanation",
    "GraphError",
    "Scope",
    "Verdict",
    "action_for",
    "explain",
    "fate_of_answer",
    "find_verdict",
    "verdict_of",
]

Fate = Literal["refused", "not_now", "stop", "unknown"]
LONGEST_WAIT_SECONDS = 86_400
# Smaller ones count anew for each code: 33 under 100 is not the code 33.
_FIRST_USEFUL_SUBCODE = 2_000_000


class GraphError(KiaAiError):
    """A call to WhatsApp that did not succeed.

    fate: `refused` (not accepted, never will be), `not_now` (not accepted, may be later), `stop` (not
    accepted, and the channel may not send at all), `unknown` (it may have been accepted).
    code: WhatsApp's own; None when the answer, or its absence, carried none.
    """

    def __init__(
        self,
        fate: Fate,
        title: str,
        *,
        code: int | None = None,
        subcode: int | None = None,
        message: str = "",
        details: str = "",
        http_status: int | None = None,
        retry_after_seconds: float | None = None,
    ):
        super().__init__(title)
        self.fate: Fate = fate
        self.title = title
        self.code = code
        self.subcode = subcode
        self.message = message
        self.details = details
        self.http_status = http_status
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        numbers = [f"code {self.code}" if self.code is not None else ""]
        numbers.append(f"HTTP {self.http_status}" if self.http_status else "")
        said = self.details or (self.message if self.message != self.title else "")
        where = ", ".join(filter(None, numbers))
        return f"{self.title}{f' ({where})' if where else ''}{f': {said}' if said else ''}"

    @property
    def permanent(self) -> bool:
        """Whether the same request can never succeed."""
        return self.fate == "refused"

    @property
    def can_retry(self) -> bool:
        """Whether the same request may be sent again by itself: surely not accepted, and not for good."""
        return self.fate in ("not_now", "stop")

    def fate_after(self, attempts: int) -> Fate:
        """Return the fate after this many tries: some codes are worth one more try, and no third."""
        most = verdict_of(self).most_attempts
        return "refused" if self.fate == "not_now" and most is not None and attempts >= most else self.fate


def verdict_of(error: GraphError) -> Verdict:
    """Return what follows from the error; the error's own fate and its Retry-After win over the table."""
    known = find_verdict(error.code, error.subcode)
    kind = _KIND_OF_FATE[error.fate]
    base = known if known and known.kind == kind else _DEFAULTS[kind]
    return replace(
        base,
        wait_seconds=_wait_seconds(base, error),
        most_attempts=_most_attempts(base, error, is_listed=known is not None),
        explanation=_explanation(error, known),
    )


def action_for(code: int | None) -> Action:
    """Return what helps once a message has failed with this code."""
    known = find_verdict(code)
    return known.action if known else "again"


def find_verdict(code: int | None, subcode: int | None = None) -> Verdict | None:
    """Return the table's row; None for a code that is not listed.

    Template errors come as subcodes under code 100, the useless one.
    """
    if code == 100 and subcode is not None and subcode > _FIRST_USEFUL_SUBCODE and subcode in TABLE:
        return TABLE[subcode]
    return None if code is None else TABLE.get(code)


def fate_of_answer(code: int | None, subcode: int | None, http_status: int, is_transient: bool) -> Fate:
    """Return the fate of a request that WhatsApp answered with an error of its own."""
    known = find_verdict(code, subcode)
    if known is not None and known.kind != "final":
        return _FATE_OF_KIND[known.kind]
    # Throttling and a fault inside Meta pass; a code that is listed knows better.
    if known is None and (http_status == 429 or http_status >= 500 or is_transient):
        return "not_now"
    return "refused"


def _wait_seconds(base: Verdict, error: GraphError) -> int:
    asked = min(math.ceil(error.retry_after_seconds or 0), LONGEST_WAIT_SECONDS)
    return max(base.wait_seconds, asked) if base.kind == "wait" else 0


def _most_attempts(base: Verdict, error: GraphError, is_listed: bool) -> int | None:
    # A throttled or overloaded WhatsApp says nothing against the message itself.
    if error.http_status == 429 or (is_listed and (error.http_status or 0) >= 500):
        return None
    is_unlisted_wait = base.kind == "wait" and error.code is not None and not is_listed
    return _UNLISTED_CODE_ATTEMPTS if is_unlisted_wait else base.most_attempts


def _explanation(error: GraphError, known: Verdict | None) -> Explanation:
    if known is not None:
        is_own_number = error.fate == "stop" and known.kind != "stop"
        return _SAID["own_number_gone"] if is_own_number else known.explanation
    if error.code is not None:
        return _SAID["unlisted"]
    if error.fate == "unknown":
        return _SAID["no_answer"]
    return _SAID["not_reached"] if error.fate == "not_now" and error.http_status is None else _SAID["no_code"]


_KIND_OF_FATE: dict[Fate, Kind] = {
    "refused": "final",
    "not_now": "wait",
    "stop": "stop",
    "unknown": "unknown",
}
_FATE_OF_KIND: dict[Kind, Fate] = {kind: fate for fate, kind in _KIND_OF_FATE.items()}
# A code that nobody has described is worth one more try at most.
_UNLISTED_CODE_ATTEMPTS = 2

_SAID = SPECIAL["en"]

_DEFAULTS: dict[Kind, Verdict] = {
    "final": final("", "", "", "again"),
    "wait": wait(2, "", "", ""),
    "stop": stop("", "", ""),
    "unknown": Verdict("unknown", "message", 0, None, False, _SAID["no_answer"], "again"),
}
