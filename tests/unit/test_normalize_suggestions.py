"""A suggestion follows from the text alone and means the very same."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.normalize import DateRules, field_rules
from importer.problems import ProblemCode as P
from importer.problems import RowProblem

RULES = field_rules(
    DateRules(order="MDY", timezone=ZoneInfo("America/Chicago")), date(2026, 11, 22)
)
FIELDS = sorted(RULES)
ODD = "\u00a0\u200b\u200e\u00ad'123０１２３＋-/: .@=ABCab\ufeff"


@pytest.mark.parametrize(
    ("field", "text", "suggestion", "problem"),
    [
        ("first_name", "Anna\u200b", "Anna", P.TEXT_INVISIBLE),
        ("first_name", "Mary\u00a0Ann", "Mary Ann", None),
        ("emr_patient_id", "'0123", "0123", P.APOSTROPHE_REMOVED),
        ("phone", "'312-555-0142", "312-555-0142", P.APOSTROPHE_REMOVED),
        ("phone", "\u200e+1 (312) 555-0142", "+1 (312) 555-0142", P.TEXT_INVISIBLE),
        ("phone", "３１２-555-0142", "312-555-0142", None),
        ("phone", "312\u00a0555\u00a00142", "312 555 0142", None),
        ("birth_date", "０3/04/1985", "03/04/1985", None),
        ("birth_date", "'1985-03-04", "1985-03-04", P.APOSTROPHE_REMOVED),
        ("appointment_date", "2030-01-07\u00a009:30", "2030-01-07 09:30", None),
        ("location_id", "４021", "4021", None),
        ("address_zip", "６0601", "60601", None),
        ("address_state", "California", "CA", None),
        ("address_state", "new\u00a0york", "NY", None),
        ("is_walk_in", "Y", "true", None),
        ("is_walk_in", "0", "false", None),
        ("birth_sex", "F", "female", None),
        ("email", "mailto:ann@example.com", "ann@example.com", P.EMAIL_MAILTO),
    ],
)
def test_what_is_certain_is_suggested(
    field: str, text: str, suggestion: str, problem: P | None
) -> None:
    cell = RULES[field](text)
    assert (cell.suggestion, cell.problem) == (suggestion, problem)
    assert suggestion not in repr(cell)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("first_name", "Anna"),
        ("first_name", " Anna  Maria "),
        ("first_name", "Ａnna"),
        ("is_walk_in", "TRUE"),
        ("birth_sex", "Female"),
        ("address_state", "ca"),
        ("address_state", "Californa"),
        ("address_zip", "2134"),
        ("phone", "+1 312 555 0142"),
        ("phone", "312-555-0142 ext. 7"),
        ("phone", "\u200b312-555-014"),
        ("birth_date", "03/04/85"),
        ("first_name", "Anna\u00a0🎂"),
        ("is_walk_in", "maybe"),
        ("first_name", ""),
    ],
)
def test_nothing_is_suggested_that_is_well_or_would_be_a_guess(field: str, text: str) -> None:
    assert RULES[field](text).suggestion == ""


@pytest.mark.parametrize("text", ["'+1+1", "'@SUM(A1)", "\u200b+1+1", "'-1+1", '="=1"', "'=1"])
def test_a_suggestion_never_makes_a_formula(text: str) -> None:
    cell = RULES["reason"](text)
    assert cell.problem in {P.APOSTROPHE_REMOVED, P.TEXT_INVISIBLE, P.TEXT_IS_FORMULA}
    assert cell.suggestion == ""


def test_a_problem_does_not_show_its_suggestion_by_accident() -> None:
    problem = RowProblem(row_number=2, code=P.TEXT_INVISIBLE, suggestion="canary")
    assert "canary" not in repr(problem)


@given(field=st.sampled_from(FIELDS), text=st.text(st.sampled_from(ODD), max_size=12))
def test_a_cell_written_as_suggested_is_the_same_value_and_needs_no_suggestion(
    field: str, text: str
) -> None:
    cell = RULES[field](text)
    if cell.suggestion:
        again = RULES[field](cell.suggestion)
        assert again.text == cell.text
        assert again.problem is None or again.problem is not cell.problem
        assert again.suggestion == ""
