"""Whether the bot's language model answers, asked as the bot asks it."""

import time
from collections.abc import Iterator
from typing import Any

from flask import Flask

from kiaai.bot.llm import LanguageModel
from kiaai.bot.model_rest import ModelFailed
from kiaai.config import Settings
from kiaai.doctor.findings import Finding, look, ok
from kiaai.texts import lazy

NAMES = ("model",)

_MESSAGES = [
    {"role": "system", "content": "Call the tool ready."},
    {"role": "user", "content": "Are you ready?"},
]
_TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "ready",
            "description": "Say that you are ready.",
            "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
        },
    }
]


def is_wanted(settings: Settings) -> bool:
    """Tell whether anything of a model is set; without, there is nothing to look at."""
    return bool(settings.llm_base_url or settings.llm_model or settings.llm_api_key)


def examine(app: Flask, until: float) -> Iterator[Finding]:
    """Yield a finding for each of NAMES. until: monotonic."""
    settings: Settings = app.extensions["settings"]
    model = LanguageModel.from_settings(settings)
    if model is None:
        missing = "LLM_MODEL" if settings.llm_base_url else "LLM_BASE_URL"
        told = lazy("%(name)s is not set, so the bot answers from its articles alone.", name=missing)
        yield look("model", told)
        return
    started = time.monotonic()
    # What comes at the last moment could not be told any more.
    deadline = until - 0.1 * (until - started)
    try:
        reply = model.complete(_MESSAGES, _TOOLS, deadline)
    except ModelFailed as failure:
        yield look("model", _advice(failure, settings))
        return
    finally:
        model.close()
    if not reply.calls:
        told = lazy("%(name)s answers but calls no tools. Choose a model that does.", name=model.name)
        yield look("model", told)
        return
    seconds = f"{time.monotonic() - started:.1f}"
    yield ok("model", lazy("%(name)s answers in %(seconds)s s.", name=model.name, seconds=seconds))


def _advice(failure: ModelFailed, settings: Settings) -> str:
    address, status = settings.llm_base_url, failure.http_status
    if failure.code == "model_silent":
        told = lazy("No answer at %(address)s. Start it, or check LLM_BASE_URL.", address=address)
    elif failure.code == "model_nonsense":
        told = lazy("%(address)s is no OpenAI-compatible server. Check LLM_BASE_URL.", address=address)
    elif status in (401, 403):
        told = lazy("It refuses the key. Check LLM_API_KEY.")
    elif status == 404:
        told = lazy("It is not there. Check LLM_MODEL, and how LLM_BASE_URL ends: often with /v1.")
    elif status in (402, 429):
        told = lazy("It wants no more requests for now. See limits and credit at its maker.")
    elif status in (400, 422):
        told = lazy("It does not take requests with tools. Choose a model that does.")
    else:
        told = lazy("It is in trouble (HTTP %(status)s). Try again later.", status=status)
    return lazy("%(told)s Until then the bot answers from its articles alone.", told=told)
