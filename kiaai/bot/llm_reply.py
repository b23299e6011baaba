"""What a chat completion says, read from bytes that may be anything. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any

from kiaai.bot.model_record import ToolCall
from kiaai.bot.model_rest import ModelFailed
from kiaai.whatsapp.cleaning import Item, UnreadableBody, clean_text, item_at, line_at, list_at, read_json

# No turn needs more calls at once; nobody reads what follows.
MOST_CALLS = 8
_LONGEST_ARGUMENTS = 8_000
_MOST_TOKENS = 10_000_000
_FENCE = re.compile(r"^```(?:json)?\s*|\s*```$")


@dataclass(frozen=True)
class Reply:
    """One message of the model. tokens_in, tokens_out: None where the server did not tell."""

    calls: tuple[ToolCall, ...] = ()
    content: str = ""
    finish_reason: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


def read_reply(raw: bytes) -> Reply:
    """Return the first choice of a chat completion. Raises ModelFailed when there is none."""
    try:
        body = read_json(raw)
    except UnreadableBody as error:
        raise ModelFailed("model_nonsense", error.reason[:200]) from None
    choices = list_at(body, "choices") if isinstance(body, dict) else []
    if not choices or not isinstance(choices[0], dict):
        raise ModelFailed("model_nonsense", "no choice in the answer")
    message, usage = item_at(choices[0], "message"), item_at(body, "usage")
    content = message.get("content")
    content = content.strip() if isinstance(content, str) else ""
    calls = tuple(_call(each) for each in list_at(message, "tool_calls")[: MOST_CALLS + 1])
    return Reply(
        calls=calls or _calls_in_words(content),
        content=content,
        finish_reason=line_at(choices[0], "finish_reason", 40),
        tokens_in=_tokens(usage, "prompt_tokens"),
        tokens_out=_tokens(usage, "completion_tokens"),
    )


def _call(call: Any) -> ToolCall:
    function = item_at(call, "function") if isinstance(call, dict) else {}
    arguments = function.get("arguments", "")
    # Some servers send the object itself instead of its text.
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(line_at(function, "name", 100) or "", clean_text(arguments[:_LONGEST_ARGUMENTS]))


def _calls_in_words(content: str) -> tuple[ToolCall, ...]:
    """Read a call that a model wrote as plain JSON: `{"name": ..., "arguments": {...}}`."""
    try:
        written = read_json(_FENCE.sub("", content)) if content.startswith(("{", "```")) else None
    except UnreadableBody:
        return ()
    if not isinstance(written, dict) or not isinstance(written.get("name"), str):
        return ()
    arguments = written.get("arguments", written.get("parameters", {}))
    return (_call({"function": {"name": written["name"], "arguments": arguments}}),)


def _tokens(usage: Item, key: str) -> int | None:
    tokens = usage.get(key)
    is_count = isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens <= _MOST_TOKENS
    return tokens if is_count else None
