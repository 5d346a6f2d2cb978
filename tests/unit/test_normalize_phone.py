"""Phone numbers come out as E.164, or not at all."""

from __future__ import annotations

import pytest

from importer.normalize import normalize_phone
from importer.problems import ProblemCode

P = ProblemCode
SENT = "+13125550142"


@pytest.mark.parametrize(
    "written",
    [
        "3125550142",
        "(312) 555-0142",
        "312-555-0142",
        "312.555.0142",
        "312 555 0142",
        "1 (312) 555-0142",
        "1-312-555-0142",
        "+1 312 555 0142",
        "+13125550142",
        "(+1) 312-555-0142",
        "13125550142",
        " 312-555-0142\u00a0",
        "312\u2013555\u20130142",
        "3125550142.0",
        "13125550142.00",
        "3.125550142E9",
        "3.125550142e+09",
        "1.3125550142E+10",
        "\uff13\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff12",
        "\uff08\uff13\uff11\uff12\uff09\u3000\uff15\uff15\uff15\uff0d\uff10\uff11\uff14\uff12",
    ],
)
def test_us_number_becomes_e164(written: str) -> None:
    cell = normalize_phone(written)
    assert (cell.text, cell.problem) == (SENT, None)


@pytest.mark.parametrize(
    ("written", "warning"),
    [
        ("312-555-0142 x12", P.PHONE_EXTENSION),
        ("(312) 555-0142 ext. 7", P.PHONE_EXTENSION),
        ("312-555-0142, extension 1234", P.PHONE_EXTENSION),
        ("312-555-0142#9", P.PHONE_EXTENSION),
        ("'3125550142", P.APOSTROPHE_REMOVED),
        ("312-555-\u200b0142", P.TEXT_INVISIBLE),
    ],
)
def test_number_is_sent_with_a_warning(written: str, warning: ProblemCode) -> None:
    cell = normalize_phone(written)
    assert (cell.text, cell.problem) == (SENT, warning)


@pytest.mark.parametrize("written", ["555-555-0100", "200-555-0142", "999 999 9999"])
def test_area_code_that_is_not_in_use_is_only_a_warning(written: str) -> None:
    cell = normalize_phone(written)
    assert cell.problem is P.PHONE_UNASSIGNED
    assert cell.text.startswith("+1")


def test_neighbors_with_the_same_country_code_are_taken() -> None:
    assert normalize_phone("416-555-0142").problem is None  # Toronto
    assert normalize_phone("787-555-0142").problem is None  # San Juan


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("000-000-0000", P.PHONE_NOT_US),
        ("555-0142", P.PHONE_NOT_US),
        ("012-555-0142", P.PHONE_NOT_US),
        ("112-555-0142", P.PHONE_NOT_US),
        ("312-055-0142", P.PHONE_NOT_US),
        ("312-155-0142", P.PHONE_NOT_US),
        ("312-555-014", P.PHONE_NOT_US),
        ("312-555-01422", P.PHONE_NOT_US),
        ("23125550142", P.PHONE_NOT_US),
        ("312555014.2", P.PHONE_NOT_US),
        ("-3125550142", P.PHONE_NOT_US),
        ("312555014\u00b2", P.PHONE_NOT_US),
        ("\u0663\u0661\u0662\u0665\u0665\u0665\u0660\u0661\u0664\u0662", P.PHONE_NOT_US),
        ("?", P.PHONE_NOT_US),
        ("555-0142 x12", P.PHONE_NOT_US),
        ("+44 20 7946 0958 ext 3", P.PHONE_FOREIGN),
        ("312-555-HELP", P.PHONE_LETTERS),
        ("none", P.PHONE_LETTERS),
        ("inf", P.PHONE_LETTERS),
        ("nan", P.PHONE_LETTERS),
        ("#N/A", P.CELL_ERROR_VALUE),
        ("312-555-0142 / 312-555-0143", P.PHONE_TWO_NUMBERS),
        ("312-555-0142 or 555-0143", P.PHONE_TWO_NUMBERS),
        ("3125550142, 3125550143", P.PHONE_TWO_NUMBERS),
        ("3125550142 3125550143", P.PHONE_TWO_NUMBERS),
        ("+44 20 7946 0958", P.PHONE_FOREIGN),
        ("+3125550142", P.PHONE_FOREIGN),
        ("0044 20 7946 0958", P.PHONE_FOREIGN),
        ("011 44 20 7946 0958", P.PHONE_FOREIGN),
        ("5.55123E+09", P.SCIENTIFIC_PRECISION_LOST),
        ("5.6E9", P.SCIENTIFIC_PRECISION_LOST),
        ("1e999", P.SCIENTIFIC_PRECISION_LOST),
        ("312-555-0142\u202e", P.TEXT_BIDI),
    ],
)
def test_what_is_no_single_us_number_is_refused_and_kept(
    written: str, problem: ProblemCode
) -> None:
    cell = normalize_phone(written)
    assert (cell.text, cell.problem) == (written, problem)


def test_seven_digits_are_told_from_too_many() -> None:
    assert "area code" in normalize_phone("555-0142").hint
    assert "more digits" in normalize_phone("312-555-01421234").hint


def test_empty_phone_is_no_problem_of_its_form() -> None:
    assert normalize_phone("  ").problem is None
