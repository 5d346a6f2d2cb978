"""Bounds that a run keeps to, as settings write them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.bounds import (
    RowBound,
    Window,
    parse_age,
    parse_row_bound,
    parse_row_spread,
    parse_window,
)


@pytest.mark.parametrize(
    ("text", "rows", "of", "is_passed"),
    [
        ("50", 50, 60, False),
        ("50", 51, 60, True),
        ("0", 1, 60, True),
        ("5%", 5, 100, False),
        ("5 %", 6, 100, True),
        ("0.5%", 1, 200, False),
        ("0.5%", 2, 200, True),
        ("0%", 0, 0, False),
        ("100%", 7, 7, False),
    ],
)
def test_a_bound_is_passed_by_more_than_it(
    text: str, rows: int, of: int, *, is_passed: bool
) -> None:
    bound = parse_row_bound(text)
    assert bound is not None
    assert bound.is_passed_by(rows, of=of) is is_passed


@pytest.mark.parametrize("text", ["", "5%%", "-1", "1.5", "101%", "many", "5 rows", "1e3"])
def test_what_is_no_bound_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="such as 50 or 5%, or say off"):
        parse_row_bound(text)


def test_off_is_no_bound() -> None:
    assert (parse_row_bound("Off"), parse_row_spread(" off ")) == (None, None)


@given(st.integers(0, 9_999_999) | st.decimals(0, 100, places=2).map(lambda n: f"{n:f}%"))
def test_a_bound_is_written_as_it_is_read(value: object) -> None:
    bound = parse_row_bound(str(value))
    assert parse_row_bound(str(bound)) == bound


def test_a_spread_holds_both_of_its_ends() -> None:
    spread = parse_row_spread("0.5 - 2")
    assert spread is not None
    assert [spread.holds(rows, 100) for rows in (49, 50, 100, 200, 201)] == [
        *(False, True, True, True, False)
    ]
    assert str(spread) == "0.5-2"


@pytest.mark.parametrize("text", ["", "2", "2-3", "0.1-0.9", "2-0.5", "-1-2", "a-b", "0.5-2x"])
def test_a_spread_without_the_usual_number_in_it_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 0\.5-2"):
        parse_row_spread(text)


@pytest.mark.parametrize(
    ("window", "open_at", "closed_at"),
    [
        ("20:00-06:00", ["20:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "19:59"]),
        ("1:15-5:00", ["01:15", "04:59"], ["05:00", "00:00", "23:00", "01:14"]),
    ],
)
def test_a_window_may_span_midnight(window: str, open_at: list[str], closed_at: list[str]) -> None:
    parsed = parse_window(window)
    assert [at for at in (*open_at, *closed_at) if _is_open(parsed, at)] == open_at
    assert parse_window(str(parsed)) == parsed


def _is_open(window: Window, at: str) -> bool:
    return window.is_open(datetime.fromisoformat(f"2030-01-07T{at}:00-06:00"))


@pytest.mark.parametrize("text", ["", "20:00", "20:00-", "20:00-20:00", "24:00-06:00", "8pm-6am"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_window(text)


def test_a_bound_without_a_number_is_never_passed() -> None:
    assert not RowBound().is_passed_by(1_000, of=1)


@pytest.mark.parametrize(("text", "days"), [("90d", 90), (" 12W ", 84), ("1d", 1)])
def test_an_age_is_days_or_weeks(text: str, days: int) -> None:
    assert parse_age(text) == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "90", "0d", "-1d", "3m", "1.5d", "d", "123456d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="days or weeks"):
        parse_age(text)
