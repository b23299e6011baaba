"""What the log tells, and what it keeps to itself."""

import json
import logging
import sys

import pytest

from kiaai.logs import JsonFormatter, mask, request_id


@pytest.mark.parametrize(
    "number",
    [
        "56900000001",
        "+56 9 0000 0001",
        "+56-9-0000-0001",
        "+1 (555) 000-0001",
        "+56\u00a09\u00a00000\u00a00001",
        "%2B56900000001",
        "56900000001_x",
    ],
)
def test_a_phone_number_shows_its_last_digits_alone(number: str) -> None:
    assert mask(f"to {number} now").replace("_x", "") == "to ***001 now"


@pytest.mark.parametrize(
    "text", ["2026-11-22 14:05:49", "row 1234567", "took 0.12345678901 s", "127.0.0.1:8100"]
)
def test_what_is_no_phone_number_stays(text: str) -> None:
    assert mask(text) == text


def test_a_record_is_one_line_of_json_with_the_request_and_masked_numbers() -> None:
    token = request_id.set("abc123")
    try:
        raise ValueError("no such number: 56900000001")
    except ValueError:
        record = logging.LogRecord(
            "kiaai", logging.ERROR, "", 1, "to %s\nfailed", ("56900000001",), sys.exc_info()
        )
    record.message_id = 7

    line = JsonFormatter().format(record)

    request_id.reset(token)
    told = json.loads(line)
    assert "\n" not in line and "56900000001" not in line
    assert (told["request_id"], told["message_id"], told["level"]) == ("abc123", 7, "error")
