"""Cursors: opaque, exact to the microsecond, and refused when made up."""

from datetime import UTC, datetime

import pytest

from kiaai.errors import ValidationFailed
from kiaai.web.paging import Cursor, read_cursor


def test_a_cursor_survives_its_journey() -> None:
    cursor = Cursor(datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC), 2**62)

    assert read_cursor(str(cursor)) == cursor
    assert str(cursor).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("raw", [None, ""])
def test_no_cursor_is_the_beginning(raw: str | None) -> None:
    assert read_cursor(raw) is None


@pytest.mark.parametrize(
    "raw", ["x", "!!!!", "W10", "WzEsMl0", "\u00e9", "bnVsbA", "eyJhIjoxfQ", "W1tb" * 20_000]
)
def test_a_made_up_cursor_is_refused(raw: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        read_cursor(raw)

    assert list(refused.value.fields) == ["before"]


def test_numbers_that_no_row_has_are_refused() -> None:
    for row_id in (-1, 2**63, True, 1.5):
        with pytest.raises(ValidationFailed):
            read_cursor(str(Cursor(datetime(2026, 1, 1, tzinfo=UTC), row_id)))  # type: ignore[arg-type]  # on purpose
