"""A birth date has one meaning, or it is refused."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from importer.normalize import (
    FITS_DMY_ONLY,
    FITS_MDY_ONLY,
    DateRules,
    normalize_birth_date,
)
from importer.problems import ProblemCode

if TYPE_CHECKING:
    from importer.model import DateOrder

P = ProblemCode
TODAY = date(2030, 1, 7)
NO_RULES = DateRules()


@pytest.mark.parametrize(
    "written",
    [
        "1985-03-04",
        "1985/03/04",
        "1985.3.4",
        "1985-3-4",
        "19850304",
        "Mar 4, 1985",
        "March 4 1985",
        "Mar. 4, 1985",
        "march 4th, 1985",
        "4 March 1985",
        "04-Mar-1985",
        "4/Mar/1985",
        "4. MAR 1985",
        "1985-03-04T00:00:00",
        "1985-03-04 00:00:00",
        "1985-03-04 00:00:00.000",
        "1985-03-04T00:00:00Z",
        "1985-03-04T00:00:00-06:00",
        "Mar 4, 1985 12:00 AM",
        "  1985-03-04 ",
        "\uff11\uff19\uff18\uff15-03-04",
    ],
)
def test_date_with_one_meaning_needs_no_rule(written: str) -> None:
    cell = normalize_birth_date(written, NO_RULES, TODAY)
    assert (cell.text, cell.problem) == ("1985-03-04", None)


@pytest.mark.parametrize(
    ("written", "order", "sent"),
    [
        ("03/04/1985", "MDY", "1985-03-04"),
        ("03/04/1985", "DMY", "1985-04-03"),
        ("3-4-1985", "MDY", "1985-03-04"),
        ("3.4.1985", "DMY", "1985-04-03"),
        ("13/02/1985", "DMY", "1985-02-13"),
        ("3/4/1985 0:00", "MDY", "1985-03-04"),
        ("3/4/1985 12:00:00 AM", "MDY", "1985-03-04"),
    ],
)
def test_order_decides_what_numbers_mean(written: str, order: DateOrder, sent: str) -> None:
    cell = normalize_birth_date(written, DateRules(order=order), TODAY)
    assert (cell.text, cell.problem) == (sent, None)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("03/04/1985", ""),
        ("13/02/1985", FITS_DMY_ONLY),
        ("02/13/1985", FITS_MDY_ONLY),
    ],
)
def test_numbers_without_an_order_are_a_question(written: str, hint: str) -> None:
    cell = normalize_birth_date(written, NO_RULES, TODAY)
    assert (cell.text, cell.problem, cell.hint) == (written, P.DATE_ORDER_NEEDED, hint)


def test_a_date_that_is_the_same_day_in_both_orders_needs_none() -> None:
    assert normalize_birth_date("05/05/1985", NO_RULES, TODAY).text == "1985-05-05"


@pytest.mark.parametrize(("written", "order"), [("13/02/1985", "MDY"), ("02/13/1985", "DMY")])
def test_text_that_does_not_fit_the_order_is_not_turned_round(
    written: str, order: DateOrder
) -> None:
    cell = normalize_birth_date(written, DateRules(order=order), TODAY)
    assert (cell.text, cell.problem) == (written, P.DATE_NOT_IN_CALENDAR)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("1985-02-29", P.DATE_NOT_IN_CALENDAR),
        ("1985-04-31", P.DATE_NOT_IN_CALENDAR),
        ("1985-13-01", P.DATE_NOT_IN_CALENDAR),
        ("1985-01-00", P.DATE_NOT_IN_CALENDAR),
        ("0000-01-01", P.DATE_NOT_IN_CALENDAR),
        ("13/13/1985", P.DATE_NOT_IN_CALENDAR),
        ("Feb 30, 1985", P.DATE_NOT_IN_CALENDAR),
        ("03/04/85", P.DATE_TWO_DIGIT_YEAR),
        ("4-Mar-85", P.DATE_TWO_DIGIT_YEAR),
        ("Mar 4, 85", P.DATE_TWO_DIGIT_YEAR),
        ("85-03-04", P.DATE_TWO_DIGIT_YEAR),
        ("1985", P.DATE_PARTIAL),
        ("Mar 85", P.DATE_PARTIAL),
        ("March 1985", P.DATE_PARTIAL),
        ("4 Mar", P.DATE_PARTIAL),
        ("1985-03", P.DATE_PARTIAL),
        ("3/1985", P.DATE_PARTIAL),
        ("3/4", P.DATE_PARTIAL),
        ("May", P.DATE_PARTIAL),
        ("09:30:00", P.DATE_PARTIAL),
        ("1", P.DATE_SERIAL),
        ("31110", P.DATE_SERIAL),
        ("31110.5", P.DATE_SERIAL),
        ("-5", P.DATE_SERIAL),
        ("60", P.DATE_SERIAL),
        ("03041985", P.DATE_SERIAL),
        ("1e5", P.DATE_SERIAL),
        ("unknown", P.DATE_UNREADABLE),
        ("4 m\u00e4rz 1985", P.DATE_UNREADABLE),
        ("4 Mai 1985", P.DATE_UNREADABLE),
        ("Monday, March 4, 1985", P.DATE_UNREADABLE),
        ("03/04-1985", P.DATE_UNREADABLE),
        ("1985-03-04 x", P.DATE_UNREADABLE),
        ("\u0661\u0669\u0668\u0665-03-04", P.DATE_UNREADABLE),
        ("1985-03-04T09:30:00", P.BIRTH_DATE_HAS_TIME),
        ("1985-03-04 24:00", P.BIRTH_DATE_HAS_TIME),
        ("1985-03-04T00:00:00.5", P.BIRTH_DATE_HAS_TIME),
        ("2030-01-08", P.BIRTH_DATE_IN_FUTURE),
        ("1899-01-07", P.BIRTH_DATE_TOO_OLD),
        ("1985-03-04\x00", P.CELL_CONTROL_CHARACTER),
    ],
)
def test_date_that_would_need_a_guess_is_refused_and_kept(
    written: str, problem: ProblemCode
) -> None:
    cell = normalize_birth_date(written, NO_RULES, TODAY)
    assert (cell.text, cell.problem) == (written, problem)


@pytest.mark.parametrize("written", ["1899-01-08", "1900-02-28", "2030-01-06", "2028-02-29"])
def test_oldest_and_youngest_pass(written: str) -> None:
    assert normalize_birth_date(written, NO_RULES, TODAY).problem is None


def test_newborn_is_worth_a_look() -> None:
    cell = normalize_birth_date("2030-01-07", NO_RULES, TODAY)
    assert (cell.text, cell.problem) == ("2030-01-07", P.BIRTH_DATE_TODAY)


@pytest.mark.parametrize(
    ("written", "sent"),
    [("3/4/85", "1985-03-04"), ("3/4/25", "2025-03-04"), ("4-Mar-26", "1926-03-04")],
)
def test_pivot_gives_the_century(written: str, sent: str) -> None:
    rules = DateRules(order="MDY", two_digit_pivot=25)
    assert normalize_birth_date(written, rules, TODAY).text == sent


def test_pivot_does_not_give_the_order() -> None:
    cell = normalize_birth_date("3/4/85", DateRules(two_digit_pivot=25), TODAY)
    assert cell.problem is P.DATE_ORDER_NEEDED


def test_every_month_has_its_names() -> None:
    for number in range(1, 13):
        born = date(1985, number, 9)
        for form in ("%B", "%b"):
            written = f"9 {born.strftime(form)} 1985"
            assert normalize_birth_date(written, NO_RULES, TODAY).text == born.isoformat()
    assert normalize_birth_date("9 Sept 1985", NO_RULES, TODAY).text == "1985-09-09"


def test_empty_date_is_no_problem_of_its_form() -> None:
    assert normalize_birth_date("", NO_RULES, TODAY).problem is None
