"""Errors in words: both languages say the same, and a failed message is not promised another try."""

import re
from dataclasses import astuple
from typing import get_args

import pytest

from kiaai.whatsapp import error_codes, error_codes_es
from kiaai.whatsapp.error_codes import Action, Explanation
from kiaai.whatsapp.errors import action_for
from kiaai.whatsapp.explanations import SPECIAL, Language, explain, explain_pause

# Settings, permissions, sizes and counts: what a reader must find unchanged in every language.
FIXED = re.compile(r"WHATSAPP_[A-Z_]+|whatsapp_business_\w+|Cloud API|API Setup|\d[\d.,]*\d|\d+")
STOPS = [0, 3, 10, 190, 200, 368, 131005, 131031, 131042, 133010]


def fixed_parts(said: Explanation) -> list[str]:
    return sorted(part.replace(",", "").replace(".", "") for part in FIXED.findall(" ".join(astuple(said))))


@pytest.mark.parametrize("code", sorted(error_codes.TABLE.keys() | error_codes_es.TABLE.keys()))
def test_every_code_says_the_same_in_both_languages(code: int) -> None:
    english, spanish = error_codes.TABLE[code].explanation, error_codes_es.TABLE[code]

    assert fixed_parts(english) == fixed_parts(spanish)
    assert english.title != spanish.title and english.cause != spanish.cause
    assert 3 < len(spanish.title) < 50
    assert spanish.cause.endswith(".") and spanish.next_step.endswith(".")


@pytest.mark.parametrize("special", SPECIAL["en"])
def test_what_no_code_says_is_said_in_both_languages(special: str) -> None:
    english, spanish = SPECIAL["en"][special], SPECIAL["es"][special]  # type: ignore[index]  # its own keys

    assert fixed_parts(english) == fixed_parts(spanish)
    assert english.title != spanish.title


def test_next_steps_shared_in_one_language_are_shared_in_the_other() -> None:
    pairs = {
        (verdict.explanation.next_step, error_codes_es.TABLE[code].next_step)
        for code, verdict in error_codes.TABLE.items()
        if verdict.explanation.next_step == error_codes.BY_ITSELF
        or error_codes_es.TABLE[code].next_step == error_codes_es.BY_ITSELF
    }

    assert pairs == {(error_codes.BY_ITSELF, error_codes_es.BY_ITSELF)}


@pytest.mark.parametrize("code", sorted(error_codes.TABLE))
def test_every_code_has_something_that_helps(code: int) -> None:
    assert action_for(code) in get_args(Action)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (131026, "wrong_number"),
        (131047, "template"),
        (131030, "settings"),
        (190, "settings"),
        (131048, "wait"),
        (131053, "fix_text"),
        (131050, "none"),
        (137000, "again"),
        (None, "again"),
        (999999, "again"),
    ],
)
def test_what_helps_fits_the_code(code: int | None, action: str) -> None:
    assert action_for(code) == action


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_failed_message_is_not_promised_another_try(language: Language) -> None:
    waiting, failed = explain(131000, language), explain(131000, language, is_final=True)

    assert "Kia-Ai" in waiting.next_step
    assert failed.next_step != waiting.next_step
    assert (failed.title, failed.cause) == (waiting.title, waiting.cause)


@pytest.mark.parametrize("code", STOPS)
def test_a_pause_is_explained_by_its_code(code: int) -> None:
    assert explain_pause(code, "es") == explain(code, "es")


@pytest.mark.parametrize("code", [33, 100])
def test_a_pause_for_a_number_that_is_gone_says_so(code: int) -> None:
    assert "WHATSAPP_PHONE_NUMBER_ID" in explain_pause(code).next_step
