"""A date cell and a time cell are one moment, or the cell that is wrong is named."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.normalize import DateRules, join_moment, normalize_appointment
from importer.problems import ProblemCode

P = ProblemCode
RULES = DateRules(order="MDY", timezone=ZoneInfo("America/Chicago"))


@pytest.mark.parametrize(
    ("day", "clock", "text"),
    [
        ("2030-02-01", "09:30", "2030-02-01 09:30:00"),
        (" 02/01/2030 ", " 9:30 am ", "02/01/2030 09:30:00"),
        ("Feb 1, 2030", "9 PM", "Feb 1, 2030 21:00:00"),
        ("2030-02-01T00:00:00", "09:30:00", "2030-02-01 09:30:00"),
        ("2030-02-01 09:30", "9:30 AM", "2030-02-01 09:30:00"),
        ("2030-02-01", "2030-02-01T09:30:00", "2030-02-01 09:30:00"),
        ("02/01/2030", "2/1/2030 9:30 AM", "02/01/2030 09:30:00"),
        ("2030-02-01", "1899-12-30 09:30:00", "2030-02-01 09:30:00"),
        ("2030-02-01", "1/1/1900 9:30 AM", "2030-02-01 09:30:00"),
        ("2030-02-01", "09:30-06:00", "2030-02-01 09:30-06:00"),
        ("2030-02-01", "9 am-10", "2030-02-01 09:00-10"),
        ("2030-02-01", "09:30:00-06:00", "2030-02-01 09:30:00-06:00"),
        ("2030-02-01", "2030-02-01T09:30-06:00", "2030-02-01 09:30:00-06:00"),
        ("\uff12\uff10\uff13\uff10-02-01", "\uff10\uff19:30", "2030-02-01 09:30:00"),
        ("", " ", ""),
    ],
)
def test_two_cells_say_one_moment(day: str, clock: str, text: str) -> None:
    joined = join_moment(day, clock, RULES)
    assert (joined.text, joined.problem) == (text, None)


@pytest.mark.parametrize(
    ("day", "clock", "problem", "half"),
    [
        ("2030-02-01", "", P.APPOINTMENT_NO_TIME, "time"),
        ("", "09:30", P.REQUIRED_EMPTY, "date"),
        ("2030-02-01", "0.395833333333", P.TIME_UNREADABLE, "time"),
        ("2030-02-01", "0", P.TIME_UNREADABLE, "time"),
        ("2030-02-01", "930", P.TIME_UNREADABLE, "time"),
        ("2030-02-01", "24:00", P.TIME_UNREADABLE, "time"),
        ("2030-02-01", "9:30 - 10:00", P.TIME_UNREADABLE, "time"),
        ("2030-02-01", "noon", P.TIME_UNREADABLE, "time"),
        ("2030-02-01T08:00:00", "09:30", P.JOINED_PARTS_DIFFER, "date"),
        ("2030-02-01T00:00:00Z", "09:30", P.JOINED_PARTS_DIFFER, "date"),
        ("2030-02-01", "2030-02-02 09:30", P.JOINED_PARTS_DIFFER, "time"),
        ("2030-02-01\x00", "09:30", P.CELL_CONTROL_CHARACTER, "date"),
        ("2030-02-01", "09:30\u202e", P.TEXT_BIDI, "time"),
    ],
)
def test_what_cannot_be_joined_is_named_with_its_cell(
    day: str, clock: str, problem: ProblemCode, half: str
) -> None:
    joined = join_moment(day, clock, RULES)
    assert (joined.problem, joined.half) == (problem, half)


def test_a_span_of_time_has_no_day_of_its_own() -> None:
    assert join_moment("2030-02-01", "9:30 - 9:45", RULES).hint == ""
    assert "day of its own" in join_moment("2030-02-01", "2030-02-02 09:30", RULES).hint


def test_what_may_be_the_end_of_a_visit_is_judged_by_the_zone() -> None:
    end, offset = (join_moment("2030-02-01", f"09:30-{of}", RULES) for of in ("10:00", "06:00"))
    assert normalize_appointment(end.text, RULES).problem is P.APPOINTMENT_SPAN
    assert normalize_appointment(offset.text, RULES).text == "2030-02-01T09:30:00-06:00"


def test_the_same_text_is_the_same_day_before_anybody_gave_an_order() -> None:
    assert join_moment("02/01/2030", "02/01/2030 09:30", DateRules()).problem is None


days = st.dates().map(lambda day: day.isoformat()) | st.dates().map(lambda day: f"{day:%m/%d/%Y}")
times = st.times().map(lambda time: f"{time:%H:%M}") | st.times().map(lambda t: f"{t:%I:%M %p}")


@settings(max_examples=200, deadline=None)
@given(day=days | st.text(max_size=12), clock=times)
def test_a_joined_pair_equals_the_same_cell_in_one_column(day: str, clock: str) -> None:
    joined = join_moment(day, clock, RULES)
    if joined.problem is None:
        one, two = (normalize_appointment(text, RULES) for text in (f"{day} {clock}", joined.text))
        assert (two.is_error, two.problem) == (one.is_error, one.problem)
        assert two.is_error or two.text == one.text


def test_no_value_stands_in_a_repr() -> None:
    assert "2030" not in repr(join_moment("2030-02-01", "09:30", RULES))
