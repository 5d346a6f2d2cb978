"""Joined, split and mapped cells become the same requests as cells that need none of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.columns import ProfileColumns, plan_columns
from importer.field_columns import Rules
from importer.folding import folded
from importer.normalize import DateRules
from importer.problems import ProblemCode, RowProblem
from importer.validate import CheckedRow, check_chunk
from tests.rows import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

P = ProblemCode
RULES = Rules(dates=DateRules(order="MDY", timezone=ZoneInfo("America/Chicago")))
GOOD = {
    "First": "Ann",
    "Last": "Lee",
    "Phone": "312-555-0142",
    "DOB": "1985-03-04",
    "Appt": "2030-02-01 9:30 AM",
    "Clinic": "4021",
}
JOINED = ProfileColumns(joined={"appointment_date": ("Day", "Time")})
_FIRST, _LAST = datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2040-01-01")
SPLIT = ProfileColumns(split={"Patient": "Last, First"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What reading hands over."""

    frame: pd.DataFrame
    problems: Sequence[RowProblem] = ()
    lines: tuple[int, ...] | None = None


def check(
    row: Mapping[str, str],
    profile: ProfileColumns | None = None,
    rules: Rules = RULES,
    found: Sequence[RowProblem] = (),
) -> CheckedRow:
    frame = pd.DataFrame([list(row.values())], index=[2], columns=range(len(row)), dtype=str)
    plan = plan_columns(list(row), profile=profile or ProfileColumns(), show_headings=True)
    assert not any(problem.is_error for problem in plan.problems)
    (checked,) = check_chunk(Rows(frame=frame, problems=found), plan, rules, today=date(2030, 1, 7))
    return checked


def without(row: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: text for name, text in row.items() if name not in names}


def in_two_cells(day: str, time: str) -> dict[str, str]:
    return without(GOOD, "Appt") | {"Day": day, "Time": time}


def in_one_cell(name: str) -> dict[str, str]:
    return without(GOOD, "First", "Last") | {"Patient": name}


@settings(max_examples=50, deadline=None)
@given(moment=st.datetimes(min_value=_FIRST, max_value=_LAST))
def test_a_joined_row_is_the_row_with_one_column(moment: datetime) -> None:
    day, time = f"{moment:%m/%d/%Y}", f"{moment:%I:%M %p}"
    one = check(GOOD | {"Appt": f"{day} {time}"})
    two = check(in_two_cells(day, time), JOINED)
    assert two.request == one.request
    assert two.appointment_at == one.appointment_at
    assert [p.code for p in two.problems] == [p.code for p in one.problems]


names = st.text("abcdé'- ", min_size=1, max_size=8).filter(lambda name: len(name.strip()) > 1)


@settings(max_examples=50, deadline=None)
@given(first=names, last=names)
def test_a_split_row_is_the_row_with_two_columns(first: str, last: str) -> None:
    two = check(GOOD | {"First": first, "Last": last})
    one = check(in_one_cell(f"{last}, {first}"), SPLIT)
    if one.request is not None:
        assert one.request == two.request
    else:
        assert [problem.code for problem in one.problems] == [P.NAME_NOT_SPLIT]


@pytest.mark.parametrize(
    ("day", "time", "expected"),
    [
        ("", "", (P.REQUIRED_EMPTY, 5)),
        ("", "09:30", (P.REQUIRED_EMPTY, 5)),
        ("2030-02-01", "", (P.APPOINTMENT_NO_TIME, 6)),
        ("2030-02-01", "0.5", (P.TIME_UNREADABLE, 6)),
        ("2030-02-30", "09:30", (P.DATE_NOT_IN_CALENDAR, 5)),
        ("soon", "09:30", (P.APPOINTMENT_UNREADABLE, 5)),
        ("2030-03-10", "02:30", (P.APPOINTMENT_DST_GAP, 5)),
        ("2030-02-01T08:00:00", "09:30", (P.JOINED_PARTS_DIFFER, 5)),
        ("2030-02-01", "09:30-10:00", (P.APPOINTMENT_SPAN, 6)),
    ],
)
def test_a_pair_that_is_no_moment_is_one_problem_in_its_cell(
    day: str, time: str, expected: tuple[ProblemCode, int]
) -> None:
    row = check(in_two_cells(day, time), JOINED)
    assert told(row) == [(expected[0], "appointment_date", expected[1])]
    assert row.request is None


def test_what_reading_found_in_the_time_cell_is_told_there_and_once() -> None:
    broken = RowProblem(row_number=2, code=P.CELL_ERROR_VALUE, column=6)
    row = check(in_two_cells("2030-02-01", ""), JOINED, found=[broken])
    assert told(row) == [(P.CELL_ERROR_VALUE, "appointment_date", 6)]


def test_joined_times_are_in_the_zone_of_their_own_clinic() -> None:
    zones = {"4021": ZoneInfo("America/New_York")}
    rules = replace(RULES, dates=DateRules(order="MDY", timezone_by_location=zones))
    row = check(in_two_cells("02/01/2030", "09:30"), JOINED, rules)
    assert row.request is not None
    assert row.request.appointment_date == "2030-02-01T09:30:00-05:00"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Smith Jr., Bob", P.NAME_NOT_SPLIT),
        ("Bob Smith", P.NAME_NOT_SPLIT),
        ("", P.REQUIRED_EMPTY),
        ("Smith, Bob\u202e", P.TEXT_BIDI),
        ("Smith,\nBob", P.CELL_CONTROL_CHARACTER),
        (f"{'x' * 201}, Bob", P.CELL_TOO_LONG),
    ],
)
def test_a_name_that_is_not_split_is_one_problem(name: str, problem: ProblemCode) -> None:
    row = check(in_one_cell(name), SPLIT)
    assert [code for code, _, column in told(row) if column == 4] == [problem]
    assert row.request is None


def test_an_invisible_letter_in_a_split_name_is_told_once() -> None:
    row = check(in_one_cell("Smith,\u200b Bob"), SPLIT)
    assert [problem.code for problem in row.problems] == [P.TEXT_INVISIBLE]
    assert row.request is not None


WORDS = {
    "location_id": {"Lakeview": "4021", "Old Town": "4022"},
    "is_walk_in": {"maybe": ""},
    "birth_sex": {"U": "", "W": "female"},
    "address_state": {"Land of Lincoln": "IL"},
}
MAPPED = replace(
    RULES,
    value_maps={name: {folded(w): v for w, v in words.items()} for name, words in WORDS.items()},
    defaults={"is_walk_in": "false"},
)


@pytest.mark.parametrize(
    ("heading", "text", "field", "sent"),
    [
        ("Clinic", "Lakeview", "location_id", 4021),
        ("Clinic", " LAKEVIEW\u00a0", "location_id", 4021),
        ("Clinic", "old  town", "location_id", 4022),
        ("Clinic", "4022", "location_id", 4022),
        ("Walk In", "Maybe", "is_walk_in", False),
        ("Walk In", "yes", "is_walk_in", True),
        ("Sex", "u", "birth_sex", None),
        ("Sex", "w", "birth_sex", "female"),
        ("State", "land of lincoln", "address_state", "IL"),
    ],
)
def test_a_clinics_word_stands_for_its_value(
    heading: str, text: str, field: str, sent: object
) -> None:
    row = check(GOOD | {heading: text}, rules=MAPPED)
    assert row.request is not None
    assert getattr(row.request, field) == sent


BY_NUMBER = replace(
    RULES,
    value_maps={"location_id": {"1": "4021", "2": "4022"}, "visit_type_id": {"7": "70", "8": ""}},
)


@pytest.mark.parametrize(
    ("text", "sent"), [("1", 4021), ("01", 4021), ("1.0", 4021), (" 2 ", 4022), ("4021", 4021)]
)
def test_a_clinics_number_is_found_however_it_is_written(text: str, sent: int) -> None:
    row = check(GOOD | {"Clinic": text}, rules=BY_NUMBER)
    assert row.request is not None
    assert row.request.location_id == sent


@pytest.mark.parametrize(
    ("heading", "field", "text"),
    [
        ("Clinic", "location_id", "3"),
        ("Clinic", "location_id", "4023"),
        ("Visit Type No", "visit_type_id", "9"),
    ],
)
def test_an_id_that_no_word_stands_for_is_never_taken_for_one_of_solvs(
    heading: str, field: str, text: str
) -> None:
    row = check(GOOD | {heading: text}, rules=BY_NUMBER)
    assert row.request is None
    (problem,) = row.problems
    assert (problem.code, problem.field) == (P.VALUE_NOT_MAPPED, field)
    assert problem.hint == f"[values.{field}]"


def test_a_number_that_two_words_could_mean_is_refused_but_for_the_words_themselves() -> None:
    rules = replace(RULES, value_maps={"location_id": {"01": "4021", "1": "4022"}})
    asked = ["01", "1", "1.0"]
    rows = [check(GOOD | {"Clinic": text}, rules=rules) for text in asked]
    assert [row.request and row.request.location_id for row in rows] == [4021, 4022, None]


def test_an_empty_id_takes_the_default_beside_a_map() -> None:
    rules = replace(BY_NUMBER, defaults={"location_id": "4055"})
    row = check(GOOD | {"Clinic": "", "Visit Type No": "8"}, rules=rules)
    assert row.request is not None
    assert (row.request.location_id, row.request.visit_type_id) == (4055, None)


@pytest.mark.parametrize(
    ("heading", "text", "problem"),
    [
        ("Clinic", "Uptown", P.VALUE_NOT_MAPPED),
        ("Clinic", "Lake 5", P.VALUE_NOT_MAPPED),
        ("Clinic", "4021.5", P.INTEGER_NOT_EXACT),
        ("Sex", "Uptown", P.BIRTH_SEX_UNKNOWN),
    ],
)
def test_a_word_that_is_not_mapped_is_a_line_that_the_profile_lacks_or_follows_the_usual_rules(
    heading: str, text: str, problem: ProblemCode
) -> None:
    row = check(GOOD | {heading: text}, rules=MAPPED)
    assert [each.code for each in row.problems] == [problem]


def test_a_word_of_a_clinic_is_no_number_where_no_table_says_what_words_mean() -> None:
    row = check(GOOD | {"Clinic": "Uptown"})
    assert [each.code for each in row.problems] == [P.INTEGER_NOT_EXACT]


def test_a_default_is_no_word_of_the_clinic() -> None:
    rules = replace(
        MAPPED, value_maps={"location_id": {"4022": "9"}}, defaults={"location_id": "4022"}
    )
    row = check(GOOD | {"Clinic": ""}, rules=rules)
    assert row.request is not None
    assert row.request.location_id == 4022


def suggested(row: Mapping[str, str], profile: ProfileColumns | None = None) -> list[str]:
    words = {"address_state": {"cali": "California", "ny": "Quebec"}, "birth_sex": {"w": "F"}}
    rules = replace(RULES, value_maps=words, tells_spelling=True)
    return [problem.suggestion for problem in check(row, profile, rules).problems]


def test_a_cell_of_a_column_with_words_is_suggested_in_the_form_that_is_sent() -> None:
    assert suggested(GOOD | {"State": "Illinois"}) == ["IL"]
    assert suggested(GOOD | {"Sex": "F"}) == ["female"]


@pytest.mark.parametrize("cells", [{"State": "Cali"}, {"Sex": "W"}])
def test_a_clinics_own_word_stays_in_its_file(cells: dict[str, str]) -> None:
    assert suggested(GOOD | cells) == []


def test_nothing_is_suggested_that_is_a_word_for_something_else() -> None:
    assert suggested(GOOD | {"State": "New York"}) == []


def test_a_warning_about_an_own_word_is_told_without_a_suggestion() -> None:
    rules = replace(RULES, value_maps={"paperwork_status": {"ok": "do\u200bne"}})
    (problem,) = check(GOOD | {"paperwork_status": "OK"}, rules=rules).problems
    assert (problem.code, problem.suggestion) == (P.TEXT_INVISIBLE, "")
    (problem,) = check(GOOD | {"paperwork_status": "so\u200bso"}, rules=rules).problems
    assert (problem.code, problem.suggestion) == (P.TEXT_INVISIBLE, "soso")


def test_a_joined_or_a_split_cell_has_no_suggestion() -> None:
    joined = in_two_cells("\uff10\uff12/01/2030", "9:30\u00a0AM")
    assert not any(suggested(joined, JOINED))
    assert not any(suggested(in_one_cell("Le\u200be, Ann"), SPLIT))
    assert suggested(GOOD | {"Appt": "2030-02-01\u00a09:30 AM"}) == ["2030-02-01 9:30 AM"]
