"""Every numbered case of bad input has a test named after it, in each format it applies to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.edges.test_cases_whole import CASES

NUMBERS = range(1, 93)
TEXT_ONLY = frozenset((*range(1, 6), *range(10, 13), *range(15, 19), 80, 85, 92))
"""Bytes, quotes, delimiters, names."""
WORKBOOK_ONLY = frozenset((*range(35, 41), 42, 43, 44, *range(86, 91)))
"""Sheets, cells and parts."""
NAMED_ALONE = frozenset((79, 82, 91))
"""Cases of results and later runs, whose tests are functions for both formats."""
NAMED = re.compile(r"^def test_case_((?:\d\d_)+)", re.MULTILINE)
TESTS = Path(__file__).parents[1]


def numbers_in_names() -> set[int]:
    """Return the numbers that stand in the names of test functions."""
    names = (m for path in TESTS.rglob("test_*.py") for m in NAMED.findall(path.read_text()))
    return {int(number) for name in names for number in name.strip("_").split("_")}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_case_has_a_test_of_its_number_in_each_format(number: int) -> None:
    kinds = {case.kind for case in CASES if case.number == number}
    if number in NAMED_ALONE:
        assert number in numbers_in_names()
    if number not in NAMED_ALONE | WORKBOOK_ONLY:
        assert "csv" in kinds
    if number not in NAMED_ALONE | TEXT_ONLY:
        assert "xlsx" in kinds


def test_every_case_is_run_under_a_name_of_its_own() -> None:
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)
    assert all(re.match(r"case_\d\d-(csv|xlsx)-[AWRQF]-", name) for name in ids)


@pytest.mark.parametrize("outcome", ["W", "R", "Q", "F"])
def test_every_outcome_but_acceptance_has_a_code(outcome: str) -> None:
    assert all(case.code is not None for case in CASES if case.outcome == outcome)
