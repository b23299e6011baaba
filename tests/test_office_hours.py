"""Open or closed, by the clock of the business, also on the days on which clocks change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kiaai.office_hours import OfficeHours, read_hours

SANTIAGO = ZoneInfo("America/Santiago")
MADRID = ZoneInfo("Europe/Madrid")
WEEK = read_hours(
    {str(day): [["09:00", "13:00"], ["15:00", "18:30"]] for day in range(1, 6)} | {"closed": ["2026-12-25"]}
)


def at(local: str, zone: ZoneInfo = SANTIAGO) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-23 08:59", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 13:00", False),
        ("2026-11-23 15:00", True),
        ("2026-11-23 18:29", True),
        ("2026-11-23 18:30", False),
        ("2026-11-22 10:00", False),
        ("2026-12-25 10:00", False),
    ],
)
def test_it_is_open_within_its_ranges(local: str, is_open: bool) -> None:
    assert WEEK.is_open(at(local), SANTIAGO) is is_open


def test_the_same_moment_is_open_here_and_closed_there() -> None:
    moment = at("2026-11-23 09:30")

    assert WEEK.is_open(moment, SANTIAGO)
    assert not WEEK.is_open(moment, MADRID)


@pytest.mark.parametrize(
    ("local", "opens"),
    [
        ("2026-11-23 07:00", "2026-11-23 09:00"),
        ("2026-11-23 13:30", "2026-11-23 15:00"),
        ("2026-11-23 20:00", "2026-11-24 09:00"),
        ("2026-11-27 20:00", "2026-11-30 09:00"),
        ("2026-12-24 20:00", "2026-12-28 09:00"),
    ],
)
def test_it_knows_when_it_opens_next(local: str, opens: str) -> None:
    found = WEEK.next_opening(at(local), SANTIAGO)

    assert found and found.strftime("%Y-%m-%d %H:%M") == opens


def test_without_hours_it_is_always_open() -> None:
    assert OfficeHours().is_always_open
    assert OfficeHours().is_open(at("2026-11-22 03:00"), SANTIAGO)


def test_closed_days_alone_close_nothing_else() -> None:
    hours = read_hours({"closed": ["2026-09-18"]})

    assert not hours.is_open(at("2026-09-18 12:00"), SANTIAGO)
    assert hours.is_open(at("2026-09-19 12:00"), SANTIAGO)


def test_a_range_may_end_at_midnight() -> None:
    hours = read_hours({"7": [["20:00", "00:00"]]})

    assert hours.is_open(at("2026-11-22 23:59"), SANTIAGO)
    assert not hours.is_open(at("2026-11-23 00:00"), SANTIAGO)


def test_nine_stays_nine_when_the_clocks_change() -> None:
    # On 25 October 2026 Madrid turns its clocks back: Friday is two hours ahead of UTC, Monday one.
    friday, monday = at("2026-10-23 09:00", MADRID), at("2026-10-26 09:00", MADRID)
    assert (friday.hour, monday.hour) == (7, 8)

    assert WEEK.is_open(friday, MADRID) and WEEK.is_open(monday, MADRID)
    assert WEEK.next_opening(at("2026-10-24 12:00", MADRID), MADRID) == monday


def test_an_hour_that_the_clocks_leave_out_opens_right_after() -> None:
    # On 6 September 2026 Santiago goes from 23:59 to 01:00.
    opens = read_hours({"7": [["00:30", "06:00"]]}).next_opening(at("2026-09-05 22:00"), SANTIAGO)

    assert opens and opens.strftime("%Y-%m-%d %H:%M") == "2026-09-06 01:30"


def test_closed_for_longer_than_anybody_waits_gives_no_day() -> None:
    always_closed = OfficeHours({7: ()}, frozenset())

    assert always_closed.next_opening(at("2026-11-23 09:00"), SANTIAGO) is None


@pytest.mark.parametrize("pair", [["9:00", "10:00"], ["10:00", "09:00"], ["10:00"], ["x", "y"]])
def test_a_range_that_makes_no_sense_is_left_out(pair: list[str]) -> None:
    assert read_hours({"1": [pair]}).is_always_open
