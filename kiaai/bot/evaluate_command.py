"""`flask bot`: how well the bot answers, measured on a file of questions."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from kiaai.bot.evaluating import Outcome, Share, ask, judge, share, shares
from kiaai.bot.llm import LanguageModel
from kiaai.bot.question_file import ACTIONS, BadQuestions, read_cases
from kiaai.business import read_business
from kiaai.config import Settings
from kiaai.extensions import db

bot = AppGroup("bot", help="How well the bot answers.")

_HELP = f"""Put the questions of FILE.csv to the bot; print how many it gets right, and every miss.

Columns: question; expected, the title of an article or one of {", ".join(ACTIONS)}, several with | between;
and if you like language (es, en). A line break within a question begins another message. Nothing is sent and
nothing is kept.

\b
Example:
  flask bot evaluate kiaai/bot/demo/questions.csv --at-least 0.9

Exit code 1: less than --at-least is right. 2: the file cannot be used."""


@bot.command("evaluate", help=_HELP)
@click.argument("path", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--at-least", type=click.FloatRange(0, 1), default=0.0, help="Of 1; less is exit code 1.")
@click.option("--model", "with_model", is_flag=True, help="Ask the model that the settings name; it costs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(path: Path, at_least: float, with_model: bool, as_json: bool) -> None:
    settings: Settings = current_app.extensions["settings"]
    model = _model(settings) if with_model else None
    outcomes = _outcomes(path, settings, model)
    click.echo(_json(outcomes) if as_json else "\n".join(_lines(outcomes)))
    if share(outcomes).accuracy < at_least:
        raise SystemExit(1)


def _model(settings: Settings) -> LanguageModel:
    model = LanguageModel.from_settings(settings)
    if model is None:
        raise click.UsageError("No model: set LLM_BASE_URL and LLM_MODEL.")
    return model


def _outcomes(path: Path, settings: Settings, model: LanguageModel | None) -> list[Outcome]:
    try:
        cases = read_cases(path.read_text(encoding="utf-8-sig"))
        asked = ask(cases, read_business(settings).name)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise click.UsageError(f"{path}: line {line}: not UTF-8. Save the file as UTF-8 text.") from None
    except BadQuestions as error:
        raise click.UsageError(f"{path}: {error}") from None
    # Nothing was written; a model is asked with no transaction open.
    db.session.commit()
    return [judge(each, model) for each in asked]


def _lines(outcomes: Sequence[Outcome]) -> list[str]:
    misses = [outcome for outcome in outcomes if not outcome.is_right]
    lines = [f"{_said(share(outcomes))} right"]
    for groups in (_by_language(outcomes), _by_kind(outcomes)):
        lines += [f"  {name:<12}{_said(each)}" for name, each in groups.items()]
    if tokens := sum(_tokens(outcome) for outcome in outcomes):
        lines.append(f"  {'tokens':<12}{tokens:,}")
    return lines + [_miss(outcome) for outcome in misses]


def _by_language(outcomes: Sequence[Outcome]) -> dict[str, Share]:
    return shares(outcomes, [outcome.language for outcome in outcomes])


def _by_kind(outcomes: Sequence[Outcome]) -> dict[str, Share]:
    return shares(outcomes, [outcome.case.kind for outcome in outcomes])


def _said(share: Share) -> str:
    return f"{share.right} of {share.total} ({share.accuracy:.3f})"


def _miss(outcome: Outcome) -> str:
    question = " / ".join(outcome.case.question.splitlines())
    expected = " | ".join(outcome.case.expected)
    best = outcome.decision.passages[0].score if outcome.decision.passages else None
    scored = f", score {best}" if best is not None else ""
    return (
        f"MISS line {outcome.case.line}: {question}\n"
        f"     expected {expected}, found {outcome.found} ({outcome.decision.reason}{scored})"
    )


def _tokens(outcome: Outcome) -> int:
    model = outcome.decision.model
    return model.tokens_in + model.tokens_out if model else 0


def _json(outcomes: Sequence[Outcome]) -> str:
    whole = share(outcomes)
    told = {
        **_share_json(whole),
        "languages": {name: _share_json(each) for name, each in _by_language(outcomes).items()},
        "kinds": {name: _share_json(each) for name, each in _by_kind(outcomes).items()},
        "tokens": sum(_tokens(outcome) for outcome in outcomes),
        "misses": [_miss_json(outcome) for outcome in outcomes if not outcome.is_right],
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _share_json(share: Share) -> dict[str, Any]:
    return {"accuracy": round(share.accuracy, 4), "right": share.right, "total": share.total}


def _miss_json(outcome: Outcome) -> dict[str, Any]:
    decision = outcome.decision
    return {
        "line": outcome.case.line,
        "question": outcome.case.question,
        "expected": list(outcome.case.expected),
        "found": outcome.found,
        "decision": decision.kind,
        "reason": decision.reason,
        "passages": [{"title": passage.title, "score": passage.score} for passage in decision.passages],
    }
