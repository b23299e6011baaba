"""What the doctor says of the bot's model: whether it answers, and what to do when it does not."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from kiaai.config import Settings
from kiaai.doctor import model
from kiaai.doctor.findings import Finding
from tests.bot.model_server import KEY, ModelServer, Play, call, calling, hanging, saying


@pytest.fixture
def server() -> Iterator[ModelServer]:
    for server in ModelServer.running():
        assert isinstance(server, ModelServer)
        yield server


def look_at(app: Flask, settings: Settings, *, seconds: float = 5, **changes: Any) -> Finding:
    app.extensions["settings"] = replace(settings, **changes)
    try:
        (finding,) = model.examine(app, time.monotonic() + seconds)
        return finding
    finally:
        app.extensions["settings"] = settings


def test_a_model_that_calls_tools_is_well(app: Flask, settings: Settings, server: ModelServer) -> None:
    server.plays(calling(call("ready")))

    finding = look_at(app, settings, llm_base_url=server.base, llm_model="kia-1", llm_api_key=KEY)

    assert (finding.name, finding.state) == ("model", "ok")
    assert finding.text.startswith("kia-1 answers in ")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("play", "advice"),
    [
        (saying({"error": {"message": KEY}}, 401), "LLM_API_KEY"),
        (saying({}, 404), "LLM_MODEL"),
        (saying({}, 429), "credit"),
        (saying({}, 400), "tools"),
        (saying({}, 503), "HTTP 503"),
        (saying(raw=b"<html>"), "OpenAI-compatible"),
        (calling(content="Ready!"), "tools"),
        (hanging, "No answer"),
    ],
)
def test_a_model_that_is_not_well_is_told_with_the_way_out(
    app: Flask, settings: Settings, server: ModelServer, play: Play, advice: str
) -> None:
    server.plays(play)

    told = replace(settings, llm_base_url=server.base, llm_model="kia-1", llm_api_key=KEY)
    finding = look_at(app, told, seconds=0.5)

    assert finding.state == "look"
    assert advice in finding.text
    assert KEY not in finding.text


@pytest.mark.parametrize(("given", "missing"), [("llm_model", "LLM_BASE_URL"), ("llm_base_url", "LLM_MODEL")])
def test_half_a_setting_is_told(app: Flask, settings: Settings, given: str, missing: str) -> None:
    changes: dict[str, Any] = {given: "http://127.0.0.1:1"}

    finding = look_at(app, settings, **changes)

    assert finding.state == "look"
    assert missing in finding.text


def test_without_a_model_nothing_is_said_of_one(settings: Settings) -> None:
    assert not model.is_wanted(settings)
    assert model.is_wanted(replace(settings, llm_model="kia-1"))
