"""`flask bot evaluate`: how often the bot is right, measured on questions as customers write them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from kiaai.bot.knowledge import DEMO, load_demo
from kiaai.bot.question_file import BadQuestions, read_cases
from kiaai.extensions import db
from kiaai.models import BotTurn, Message
from tests.bot.model_server import ModelServer, call, calling

QUESTIONS = DEMO / "questions.csv"
# Never used to tune the search.
BLIND = DEMO / "questions_blind.csv"


@pytest.fixture
def demo(app: Flask) -> Iterator[None]:
    load_demo()
    db.session.commit()
    yield


def evaluate(app: Flask, *arguments: str | Path) -> Result:
    return app.test_cli_runner().invoke(args=["bot", "evaluate", *map(str, arguments)])


def written(folder: Path, *lines: str) -> Path:
    path = folder / "questions.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_it_is_right_nine_times_in_ten_about_the_demo_business(app: Flask, demo: None) -> None:
    result = evaluate(app, QUESTIONS, "--at-least", "0.92")

    assert result.exit_code == 0, result.output


def test_it_is_right_about_questions_that_never_tuned_it(app: Flask, demo: None) -> None:
    result = evaluate(app, BLIND, "--at-least", "0.9")

    assert result.exit_code == 0, result.output


def test_it_tells_accuracy_and_every_miss(app: Flask, demo: None, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "question,expected,language",
        "¿A qué hora abren?,Horario,es",
        "do you sell guitars?,Opening hours,en",
        "gracias!,small_talk,es",
        "quiero hablar con una persona,fallback | hand_off,es",
    )

    result = evaluate(app, path)

    assert result.exit_code == 0
    assert "3 of 4 (0.750) right" in result.output
    assert "es          3 of 3 (1.000)" in result.output
    assert "article     1 of 2 (0.500)" in result.output
    assert "MISS line 3: do you sell guitars?" in result.output
    assert "expected Opening hours, found fallback (nothing_found)" in result.output


def test_too_few_right_ones_are_exit_code_1(app: Flask, demo: None, tmp_path: Path) -> None:
    path = written(tmp_path, "question,expected", "hola,fallback")

    assert evaluate(app, path, "--at-least", "0.5").exit_code == 1
    assert evaluate(app, path).exit_code == 0


def test_programs_read_it_as_json(app: Flask, demo: None, tmp_path: Path) -> None:
    path = written(tmp_path, "expected;question", "Horario;¿A qué hora abren?", "opt_out;venden cascos?")

    told = json.loads(evaluate(app, path, "--json").output)

    assert (told["accuracy"], told["right"], told["total"]) == (0.5, 1, 2)
    assert told["kinds"]["opt_out"] == {"accuracy": 0.0, "right": 0, "total": 1}
    assert [(miss["line"], miss["found"]) for miss in told["misses"]] == [(3, "Repuestos y accesorios")]


def test_it_writes_nothing(app: Flask, demo: None) -> None:
    evaluate(app, QUESTIONS)

    assert [db.session.scalar(select(func.count()).select_from(table)) for table in (BotTurn, Message)] == [
        0,
        0,
    ]


def test_a_model_must_be_set_to_be_asked(app: Flask, demo: None) -> None:
    result = evaluate(app, QUESTIONS, "--model")

    assert result.exit_code == 2
    assert "LLM_BASE_URL" in result.output


@pytest.mark.enable_socket
def test_it_asks_the_model_that_the_settings_name(
    app: Flask, demo: None, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(app.extensions["settings"], llm_base_url=f"{server.base}/v1", llm_model="kia-1")
    monkeypatch.setitem(app.extensions, "settings", settings)
    server.plays(calling(call("hand_off", reason="Nobody wrote about motorbikes.")))
    path = written(tmp_path, "question,expected", "¿venden motos?,fallback", "gracias,small_talk")

    told = json.loads(evaluate(app, path, "--model", "--json").output)

    assert (told["accuracy"], told["tokens"], len(server.asked)) == (1.0, 110, 1)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    (
        ("", 1, "question"),
        ("question,language\nhola,es\n", 1, "expected"),
        ("question,expected\n", 1, "no question"),
        ("question,expected\nhola,fallback\n,fallback\n", 3, "no question"),
        ("question,expected\nhola,\n", 2, "nothing is expected"),
        ("question,expected\nhola\n", 2, "nothing is expected"),
        ('question,expected\n"dos\nlíneas",fallback\n,fallback\n', 4, "no question"),
        ("question,expected,language\nhola,fallback,pt\n", 2, "es or en"),
        ('question,expected\nhola,fallback\n"never closed,fallback\n', 3, "not CSV"),
    ),
)
def test_a_mistake_in_the_file_names_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(BadQuestions, match=reason) as caught:
        read_cases(text)

    assert caught.value.line == line


@pytest.mark.parametrize(
    ("content", "reason"),
    (
        (b"question,expected\nhola,Horarios raros\n", "line 2: 'Horarios raros' is no active article"),
        (b"question,expected\n\xf1and\xfa,fallback\n", "line 2: not UTF-8"),
    ),
)
def test_a_file_that_cannot_be_used_is_exit_code_2(
    app: Flask, demo: None, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)

    result = evaluate(app, path)

    assert result.exit_code == 2
    assert reason in result.output


def test_lines_of_a_question_are_messages_of_one_burst() -> None:
    text = 'question,expected\n"hola\ndónde están","Dirección | fallback"\n'

    (case,) = read_cases("\ufeff" + text)

    assert case.question.splitlines() == ["hola", "dónde están"]
    assert case.expected == ("Dirección", "fallback")
