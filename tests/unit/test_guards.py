"""What holds a run, by counts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from importer.bounds import parse_row_bound, parse_row_spread
from importer.guards import Guards, Sighting, held_by, sentence_of

USUAL = [1_180, 1_204, 1_310, 1_150, 1_240]
GUARDS = Guards(
    no_rows=True,
    rows=parse_row_spread("0.5-2"),
    invalid=parse_row_bound("20%"),
    days_ahead=400,
)
SEEN = Sighting(rows=1_200, invalid=0, usual=USUAL, far_ahead=0, first_far_ahead=0)
OFF = Guards(no_rows=False, rows=None, invalid=None, days_ahead=None)


def names(seen: Sighting, guards: Guards = GUARDS) -> list[str]:
    return [held.guard for held in held_by(guards, seen)]


def test_a_file_like_those_before_is_held_by_nothing() -> None:
    assert names(SEEN) == []


@pytest.mark.parametrize(
    ("rows", "is_held"), [(601, True), (602, False), (2_408, False), (2_409, True)]
)
def test_too_few_and_too_many_rows_hold(rows: int, *, is_held: bool) -> None:
    assert names(replace(SEEN, rows=rows)) == ["rows"] * is_held


def test_before_the_fifth_run_nothing_is_usual() -> None:
    assert names(replace(SEEN, rows=9, usual=USUAL[:4])) == []
    assert names(replace(SEEN, rows=9, usual=USUAL)) == ["rows"]


def test_only_the_last_fourteen_runs_say_what_is_usual() -> None:
    grown = [100] * 30 + [1_000] * 14
    assert names(replace(SEEN, rows=1_000, usual=grown)) == []


def test_an_empty_file_is_held_by_that_alone() -> None:
    assert names(replace(SEEN, rows=0)) == ["no-rows"]
    assert names(replace(SEEN, rows=0), replace(GUARDS, no_rows=False)) == []


def test_more_invalid_rows_than_the_bound_hold() -> None:
    assert names(replace(SEEN, invalid=240)) == []
    assert names(replace(SEEN, invalid=241)) == ["invalid"]


def test_a_share_of_a_handful_of_rows_says_nothing() -> None:
    few = replace(SEEN, usual=[])
    assert names(replace(few, rows=19, invalid=19)) == []
    assert names(replace(few, rows=20, invalid=5)) == ["invalid"]
    five = replace(GUARDS, invalid=parse_row_bound("5"))
    assert names(replace(few, rows=19, invalid=6), five) == ["invalid"]


def test_visits_too_far_ahead_hold_and_the_first_row_is_named() -> None:
    (held,) = held_by(GUARDS, replace(SEEN, far_ahead=3, first_far_ahead=17))
    assert held.guard == "days-ahead"
    assert held.why == "3 of the visits are more than 400 days ahead, the first in row 17"


def test_guards_that_are_off_hold_nothing() -> None:
    bad = replace(SEEN, rows=29, invalid=9)
    assert names(bad) == ["rows", "invalid"]
    assert names(bad, OFF) == []


def test_all_of_them_are_told_in_one_sentence() -> None:
    told = sentence_of(list(held_by(GUARDS, replace(SEEN, rows=29, invalid=9))))
    assert told == (
        "guard rows: the file has 29 rows, and the last 5 runs had 1,204 in the middle "
        "(0.5-2 times that may come); guard invalid: 9 of 29 rows are invalid, more than 20%"
    )
