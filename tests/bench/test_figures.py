"""The table of the bench says what does not reach its bar, and loses no figure."""

import json
from pathlib import Path

import pytest

from bench.figures import Figure, as_markdown, at_least, at_most, write_results
from bench.load import Result


def test_a_bar_that_is_just_reached_holds_and_one_that_is_missed_says_no() -> None:
    assert (at_least("Ingest", "share", 0.6, 0.6).holds, at_least("Ingest", "share", 0.59, 0.6).holds) == (
        True,
        False,
    )
    assert (at_most("Polls", "cost", 0.25, 0.25).holds, at_most("Polls", "cost", 0.26, 0.25).holds) == (
        True,
        False,
    )


def test_one_size_that_misses_its_bar_shows_in_the_row_of_all_sizes() -> None:
    figures = [
        at_least("Ingest", "share", value, 0.6, size=size) for size, value in ((10_000, 0.7), (10**6, 0.5))
    ]

    row = as_markdown(figures, "2 cores").splitlines()[-1]

    assert row == "| Ingest | share | 0.70 | 0.50 |  | at least 0.6 | NO |"


def test_what_was_measured_once_and_at_every_size_stand_in_one_table() -> None:
    figures = [Figure("Pages", "list", 12.34, "ms", 5_000_000), Figure("Peers", "pgbench", 1229.4, "/s")]

    table = as_markdown(figures, "2 cores")

    assert "| Pages | list | 12.3 ms |  |  |  |" in table
    assert "| Peers | pgbench |  | 1229 /s |  |  |" in table
    assert "| Part | What | 5M | Once | Bar | Holds |" in table


def test_the_results_are_kept_for_programs_too(tmp_path: Path) -> None:
    write_results([at_most("Footprint", "memory", 339, 400, "MB")], "2 cores", tmp_path)

    kept = json.loads((tmp_path / "latest.json").read_text())

    assert kept["figures"][0]["value"] == 339 and kept["figures"][0]["holds"] is True
    assert "| Footprint | memory | 339 MB | at most 400 MB | yes |" in (tmp_path / "latest.md").read_text()


def test_what_was_answered_otherwise_is_no_throughput() -> None:
    assert Result(10.0, [0.1], {200: 1}).only(200).per_second == 10.0

    with pytest.raises(SystemExit, match="401"):
        Result(10.0, [0.1], {200: 1, 401: 9}).only(200)
