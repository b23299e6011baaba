"""Bad days on request: what Graph answers wrongly, and what happens to webhooks."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Never on WhatsApp, so that everyone can see what that looks like.
NEVER_ON_WHATSAPP = "56900000404"

FLAGS = (
    "refuse_token",
    "duplicate_webhooks",
    "shuffle_webhooks",
    "drop_statuses",
    "status_before_answer",
    "wrong_signature",
)
ANSWERS = {
    "error": "a Graph error: `code`, optionally `status`",
    "bare": "an empty answer with `status`",
    "html": "an HTML page with `status`",
    "cut": "accepted, then the connection is reset",
    "silent": "accepted, then no answer for `seconds`",
    "garbage": "accepted, then 200 with something that is no JSON",
    "no_wamid": "accepted, then 200 without a message id",
    "fail_later": "accepted, then a `failed` status with `code`",
}
ACCEPTING = ("cut", "silent", "garbage", "no_wamid", "fail_later")
CALLS = ("send", "read", "media", "lookup", "any")
ERROR_STATUS_CODES = {429: 130429, 500: 131000, 503: 131016}


@dataclass(frozen=True)
class Answer:
    """One planned wrong answer.

    on: which call it waits for. is_accepted: whether the message goes to the phone nevertheless.
    """

    kind: str
    on: str = "send"
    status: int | None = None
    code: int | None = None
    seconds: float = 60.0
    is_accepted: bool = False


class Faults:
    """What is wrong just now. Set the attributes, plan answers with `next`, undo all with `clear`."""

    latency_ms: int
    refuse_token: bool
    duplicate_webhooks: bool
    shuffle_webhooks: bool
    drop_statuses: bool
    status_before_answer: bool
    wrong_signature: bool
    not_on_whatsapp: set[str]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Make everything work again."""
        self.latency_ms = 0
        self.not_on_whatsapp = {NEVER_ON_WHATSAPP}
        for flag in FLAGS:
            setattr(self, flag, False)
        with self._lock:
            self._planned: list[Answer] = []

    def next(self, answer: str, times: int = 1, **details: Any) -> None:
        """Plan the next answers, after those already planned; details as in `Answer`.

        Raises ValueError naming what is wrong.
        """
        planned = _answer(answer, details)
        if not 1 <= times <= 100_000:
            raise ValueError("times must be from 1 to 100000")
        with self._lock:
            self._planned += [planned] * times

    def take(self, call: str) -> Answer | None:
        """Return and use up the first answer planned for this call."""
        with self._lock:
            for index, answer in enumerate(self._planned):
                if answer.on in (call, "any"):
                    return self._planned.pop(index)
        return None

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Apply a JSON object: only what it names is changed. Raises ValueError naming what is wrong."""
        for name in wanted:
            if name not in (*FLAGS, "latency_ms", "not_on_whatsapp", "next", "reset"):
                raise ValueError(f"{name} is not a fault; see GET /sandbox/faults")
        if wanted.get("reset"):
            self.clear()
        for flag in FLAGS:
            if flag in wanted:
                setattr(self, flag, _boolean(flag, wanted[flag]))
        if "latency_ms" in wanted:
            self.latency_ms = _milliseconds(wanted["latency_ms"])
        if "not_on_whatsapp" in wanted:
            self.not_on_whatsapp = {str(number).lstrip("+") for number in wanted["not_on_whatsapp"]}
        for planned in wanted.get("next", []):
            if not isinstance(planned, dict):
                raise ValueError("next must be a list of objects")
            self.next(**{"answer": "", **planned})

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            planned = [
                {"answer": a.kind, "on": a.on, "status": a.status, "code": a.code} for a in self._planned
            ]
        return {
            "latency_ms": self.latency_ms,
            **{flag: getattr(self, flag) for flag in FLAGS},
            "not_on_whatsapp": sorted(self.not_on_whatsapp),
            "next": planned[:100],
            "next_count": len(planned),
            "answers": ANSWERS,
        }

    @property
    def planned_count(self) -> int:
        with self._lock:
            return len(self._planned)


def _answer(kind: str, details: dict[str, Any]) -> Answer:
    if kind not in ANSWERS:
        raise ValueError(f"answer must be one of {', '.join(ANSWERS)}, not {kind!r}")
    unknown = set(details) - {"on", "status", "code", "seconds", "accepted"}
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]} is not known; use on, status, code, seconds or accepted")
    status, code, on = details.get("status"), details.get("code"), details.get("on", "send")
    if on not in CALLS:
        raise ValueError(f"on must be one of {', '.join(CALLS)}")
    if kind == "error" and code is None:
        code = ERROR_STATUS_CODES.get(status or 500, 131000)
    if kind in ("bare", "html") and status is None:
        status = 502
    if kind == "fail_later" and code is None:
        code = 131026
    if not all(isinstance(value, int | None) for value in (status, code)):
        raise ValueError("status and code must be whole numbers")
    is_accepted = bool(details.get("accepted", kind in ACCEPTING))
    return Answer(kind, on, status, code, float(details.get("seconds", 60)), is_accepted)


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")
    return value


def _milliseconds(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 60_000:
        raise ValueError("latency_ms must be a whole number from 0 to 60000")
    return value
