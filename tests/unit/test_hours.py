"""Deadline and window, as the clock on the wall shows them."""

from __future__ import annotations

import time as system_time
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import pytest

from importer.bounds import parse_window
from importer.errors import ExitCode
from importer.posting.hours import Hours

if TYPE_CHECKING:
    from collections.abc import Iterator

HALF_PAST_FIVE = time(5, 30)


@pytest.fixture(autouse=True)
def in_chicago(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this machine stand in Chicago."""
    monkeypatch.setenv("TZ", "America/Chicago")
    system_time.tzset()
    yield
    monkeypatch.undo()
    system_time.tzset()


def at(text: str) -> datetime:
    """Return a time of Chicago, in UTC as our clock gives it."""
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "has_passed"),
    [
        ("2030-01-07T01:15:00", False),
        ("2030-01-07T05:29:59", False),
        ("2030-01-07T05:30:00", True),
        ("2030-01-07T17:29:59", True),
        ("2030-01-07T17:30:00", False),
        ("2030-01-07T20:00:00", False),
    ],
)
def test_a_deadline_has_passed_for_twelve_hours(now: str, *, has_passed: bool) -> None:
    stop = Hours(deadline=HALF_PAST_FIVE).refusal(at(now))
    assert (stop is not None) is has_passed
    if stop is not None:
        assert stop.exit_code is ExitCode.STOPPED_EARLY
        assert stop.why == "the deadline 05:30 has passed"


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2030-01-07T19:59:59", False),
        ("2030-01-07T20:00:00", True),
        ("2030-01-08T05:59:59", True),
        ("2030-01-08T06:00:00", False),
    ],
)
def test_outside_the_window_nothing_leaves(now: str, *, is_open: bool) -> None:
    stop = Hours(window=parse_window("20:00-06:00")).refusal(at(now))
    assert (stop is None) is is_open
    if stop is not None:
        assert stop.why == "it is outside the window 20:00-06:00"


def test_the_end_is_whichever_comes_first() -> None:
    hours = Hours(deadline=HALF_PAST_FIVE, window=parse_window("20:00-05:00"))
    end = hours.end(at("2030-01-07T21:00:00"))
    assert end is not None
    assert end[0] == at("2030-01-08T05:00:00")
    assert end[1].why == "the window 20:00-05:00 has closed"


def test_without_deadline_and_window_there_is_no_end() -> None:
    assert Hours().end(at("2030-01-07T21:00:00")) is None
    assert Hours().refusal(at("2030-01-07T21:00:00")) is None


@pytest.mark.parametrize(
    ("evening", "end"),
    [
        ("2030-03-09T22:00:00-06:00", "2030-03-10T05:30:00-05:00"),
        ("2030-11-02T22:00:00-05:00", "2030-11-03T05:30:00-06:00"),
    ],
)
def test_a_night_in_which_the_clock_is_put_on_or_back_ends_as_the_wall_says(
    evening: str, end: str
) -> None:
    found = Hours(deadline=HALF_PAST_FIVE).end(datetime.fromisoformat(evening))
    assert found is not None
    assert found[0] == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    ("now", "window", "end"),
    [
        # The second 01:15 of the night in which the clock is put back.
        ("2030-11-03T01:15:00-06:00", "20:00-01:30", "2030-11-03T01:30:00-06:00"),
        ("2030-11-03T01:15:00-05:00", "20:00-01:30", "2030-11-03T01:30:00-05:00"),
        # 02:00 and 02:30 are left out when it is put on.
        ("2030-03-10T01:59:50-06:00", "22:00-02:00", "2030-03-10T03:00:00-05:00"),
        ("2030-03-10T01:59:50-06:00", "22:00-02:30", "2030-03-10T03:30:00-05:00"),
    ],
)
def test_a_window_closes_that_very_night_whatever_the_clock_does(
    now: str, window: str, end: str
) -> None:
    found = Hours(window=parse_window(window)).end(datetime.fromisoformat(now))
    assert found is not None
    assert found[0] == datetime.fromisoformat(end)
