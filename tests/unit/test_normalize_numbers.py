"""Ids come out as plain digits, exact or refused."""

from __future__ import annotations

import pytest

from importer.normalize import normalize_integer, normalize_location_id
from importer.problems import ProblemCode

P = ProblemCode


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("4021", "4021"),
        (" 4021 ", "4021"),
        ("4021.0", "4021"),
        ("4021.", "4021"),
        ("+4021.00", "4021"),
        ("0042", "42"),
        ("1,234", "1234"),
        ("1,234,567", "1234567"),
        ("4.021E3", "4021"),
        ("4.0210E+03", "4021"),
        ("\uff14\uff10\uff12\uff11", "4021"),
        ("9007199254740991", "9007199254740991"),
    ],
)
def test_whole_number_comes_out_in_plain_digits(written: str, sent: str) -> None:
    cell = normalize_integer(written)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("12.5", P.INTEGER_NOT_EXACT),
        ("12,5", P.INTEGER_NOT_EXACT),
        ("12,34", P.INTEGER_NOT_EXACT),
        ("1234,567", P.INTEGER_NOT_EXACT),
        ("1,234.5", P.INTEGER_NOT_EXACT),
        ("1 234", P.INTEGER_NOT_EXACT),
        ("-5", P.INTEGER_NOT_EXACT),
        ("0", P.INTEGER_NOT_EXACT),
        ("4.0215E3", P.INTEGER_NOT_EXACT),
        ("Northside", P.INTEGER_NOT_EXACT),
        ("inf", P.INTEGER_NOT_EXACT),
        ("nan", P.INTEGER_NOT_EXACT),
        ("\u0664\u0660", P.INTEGER_NOT_EXACT),
        ("4\u00b2", P.INTEGER_NOT_EXACT),
        ("4.02E+03", P.SCIENTIFIC_PRECISION_LOST),
        ("1e999", P.SCIENTIFIC_PRECISION_LOST),
        ("9007199254740993", P.INTEGER_TOO_LARGE),
        ("9" * 5_000, P.INTEGER_TOO_LARGE),
    ],
)
def test_what_is_not_exact_is_refused_and_kept(written: str, problem: ProblemCode) -> None:
    cell = normalize_integer(written)
    assert (cell.text, cell.problem) == (written, problem)


@pytest.mark.parametrize("written", ["AXjwbE", "AM8450", "7XjwbE", "north_side-2"])
def test_location_code_needs_leave_of_the_settings(written: str) -> None:
    assert normalize_location_id(written).problem is P.INTEGER_NOT_EXACT
    allowed = normalize_location_id(written, allows_text=True)
    assert (allowed.text, allowed.problem) == (written, None)


@pytest.mark.parametrize("written", ["12.5", "Northside Clinic", "-5", "0", "12E456", "caf\u00e9"])
def test_damaged_number_is_no_location_code(written: str) -> None:
    assert normalize_location_id(written, allows_text=True).is_error


def test_number_stays_a_number_where_codes_are_allowed() -> None:
    assert normalize_location_id("4021.0", allows_text=True).text == "4021"


def test_empty_number_is_no_problem_of_its_form() -> None:
    assert normalize_integer("").problem is None
