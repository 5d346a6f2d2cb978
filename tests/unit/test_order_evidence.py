"""A whole column says which order it may be written in, and never which one it is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.normalize import (
    FITS_DMY_ONLY,
    FITS_MDY_ONLY,
    DateRules,
    OrderEvidence,
    normalize_birth_date,
    orders_of,
)
from importer.problems import ProblemCode

RULES = DateRules()


def evidence(*texts: str) -> OrderEvidence:
    found = OrderEvidence()
    found.add(texts, RULES)
    return found


@pytest.mark.parametrize(
    ("texts", "counts", "order", "verdict"),
    [
        (("03/14/1985", "03/14/1985", "03/04/1985"), (2, 0, 1), "MDY", "sound"),
        (("14.3.1985", "4.3.1985 09:30"), (0, 1, 1), "DMY", "sound"),
        (("03/14/1985", "14/03/1985", "1/2/1985"), (1, 1, 1), None, "mixed"),
        (("03/04/1985",), (0, 0, 1), None, "sound"),
        (("03/03/1985", "1985-03-04", "Mar 4, 1985", "13/13/1985", ""), (0, 0, 0), None, "sound"),
        (("03/14/85", "x" * 40_000), (0, 0, 0), None, "sound"),
        (("\uff10\uff13/14/1985", " \t03/14/1985"), (2, 0, 0), "MDY", "sound"),
    ],
)
def test_dates_are_counted_by_the_orders_that_they_fit(
    texts: tuple[str, ...], counts: tuple[int, int, int], order: str | None, verdict: str
) -> None:
    found = evidence(*texts)
    assert (found.month_first, found.day_first, found.both) == counts
    assert (found.order, found.is_mixed) == (order, verdict == "mixed")
    assert found.is_ordered is any(counts)


def test_evidence_reads_as_a_sentence() -> None:
    assert str(evidence("03/14/1985", "1/2/1985")) == (
        "1 date fits only month/day, 0 only day/month, 1 both"
    )


numbers = st.integers(0, 40)
separators = st.sampled_from("/-. ")
clocks = st.sampled_from(["", " 00:00", "T00:00", " 9"])


@given(first=numbers, second=numbers, year=st.integers(1900, 2029), sign=separators, tail=clocks)
def test_evidence_says_what_the_rule_for_a_single_cell_says(
    first: int, second: int, year: int, sign: str, tail: str
) -> None:
    text = f"{first}{sign}{second}{sign}{year}{tail}"
    cell = normalize_birth_date(text, RULES, date(2030, 1, 7))
    is_asked = cell.problem is ProblemCode.DATE_ORDER_NEEDED
    expected = {"": ("MDY", "DMY"), FITS_MDY_ONLY: ("MDY",), FITS_DMY_ONLY: ("DMY",)}
    assert orders_of(text, RULES) == (expected[cell.hint] if is_asked else ())


def test_in_a_mixed_column_only_a_date_of_one_reading_is_read() -> None:
    mixed = DateRules(mixed_fields=frozenset({"birth_date"})).of("birth_date")
    today = date(2030, 1, 7)
    assert normalize_birth_date("14/03/1985", mixed, today).text == "1985-03-14"
    assert normalize_birth_date("03/14/1985", mixed, today).text == "1985-03-14"
    refused = normalize_birth_date("03/04/1985", mixed, today)
    assert refused.problem is ProblemCode.DATE_ORDER_MIXED
