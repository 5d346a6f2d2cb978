"""Every row comes out once: as a request, or with all that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd
import pandera.pandas as pa
import pytest

from importer.columns import plan_columns
from importer.field_columns import Rules
from importer.model import BOOKING_FIELDS, REQUIRED_FIELDS
from importer.normalize import DateRules, field_rules
from importer.our_columns import OUR_HEADINGS
from importer.pipeline.questions import ZoneQuestion
from importer.problems import ProblemCode, RowProblem
from importer.validate import CheckedRow, check_chunk
from schemas import BOOKING
from tests.rows import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.problems import FileProblem

P = ProblemCode
TODAY = date(2030, 1, 7)
CHICAGO = Rules(dates=DateRules(timezone=ZoneInfo("America/Chicago")))
GOOD = {
    "first_name": "Ann",
    "last_name": "O'Brien",
    "phone": "(312) 555-0142",
    "birth_date": "Mar 4, 1985",
    "appointment_date": "2030-02-01 9:30 AM",
    "location_id": "4021.0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What reading hands over."""

    frame: pd.DataFrame
    problems: tuple[RowProblem, ...] = ()
    lines: tuple[int, ...] | None = None


def check(
    *rows: dict[str, str],
    rules: Rules = CHICAGO,
    found: Sequence[RowProblem] = (),
    lines: tuple[int, ...] | None = None,
    headings: Sequence[str] = (),
) -> list[CheckedRow]:
    """Check rows given by heading, numbered from 2; the headings are those of all rows."""
    headings = headings or list(dict.fromkeys(name for row in rows for name in row))
    texts = [[row.get(heading, "") for heading in headings] for row in rows]
    width = range(len(headings))
    frame = pd.DataFrame(texts, index=range(2, len(rows) + 2), columns=width, dtype=str)
    plan = plan_columns(headings, show_headings=True)
    chunk = Rows(frame=frame, problems=tuple(found), lines=lines)
    return check_chunk(chunk, plan, rules, today=TODAY)


def file_questions(rows: Sequence[CheckedRow]) -> tuple[FileProblem, ...]:
    """Return the questions that these rows ask of the whole file."""
    question = ZoneQuestion()
    question.add(rows)
    return question.problems()


def test_good_row_becomes_a_request_in_the_form_of_the_api() -> None:
    extras = {"is_walk_in": "x", "visit_type_id": "12.0", "email": "ann@example.com", "reason": ""}
    (row,) = check(GOOD | extras)
    assert row.request is not None
    assert row.request.to_body() == {
        "first_name": "Ann",
        "last_name": "O'Brien",
        "phone": "+13125550142",
        "birth_date": "1985-03-04",
        "appointment_date": "2030-02-01T09:30:00-06:00",
        "location_id": 4021,
        "is_walk_in": True,
        "visit_type_id": 12,
        "email": "ann@example.com",
    }
    assert row.appointment_at == datetime(2030, 2, 1, 15, 30, tzinfo=UTC)
    assert (row.row_number, row.problems, row.is_blank, row.row_key) == (2, (), False, "")


def test_all_twenty_fields_reach_the_request() -> None:
    values = GOOD | {
        "is_walk_in": "no",
        "email": "ann@example.com",
        "reason": "Cough",
        "birth_sex": "F",
        "address_street": "1 Main St",
        "address_street_secondary": "Apt 2",
        "address_city": "Chicago",
        "address_state": "Illinois",
        "address_zip": "60601",
        "attribution": "web",
        "custom_booking_management_url": "https://example.com/1",
        "emr_patient_id": "E-1",
        "paperwork_status": "incomplete",
        "visit_type_id": "7",
    }
    (row,) = check(values)
    assert row.request is not None
    assert set(row.request.to_body()) == set(BOOKING_FIELDS)
    assert row.request.is_walk_in is False


def test_all_problems_of_all_rows_come_at_once_by_column() -> None:
    bad = {"phone": "555-0142", "birth_date": "1985", "first_name": "", "location_id": "12.5"}
    first, second, third = check(GOOD | bad, GOOD, GOOD | {"phone": "x"})
    assert told(first) == [
        (P.REQUIRED_EMPTY, "first_name", 0),
        (P.PHONE_NOT_US, "phone", 2),
        (P.DATE_PARTIAL, "birth_date", 3),
        (P.INTEGER_NOT_EXACT, "location_id", 5),
    ]
    assert first.request is None
    assert first.appointment_at is not None, "it may have passed, whatever else is wrong"
    assert second.request is not None
    assert told(third) == [(P.PHONE_LETTERS, "phone", 2)]


def test_problems_follow_the_columns_of_the_source() -> None:
    headings = list(reversed(REQUIRED_FIELDS))
    (row,) = check(GOOD | {"phone": "x", "birth_date": "1985"}, headings=headings)
    assert [problem.field for problem in row.problems] == ["birth_date", "phone"]


def test_warning_goes_with_the_request() -> None:
    (row,) = check(GOOD | {"phone": "312-555-0142 x7"})
    assert told(row) == [(P.PHONE_EXTENSION, "phone", 2)]
    assert row.request is not None
    assert row.request.phone == "+13125550142"


@pytest.mark.parametrize("field", REQUIRED_FIELDS)
@pytest.mark.parametrize("empty", ["", "  ", "\u00a0"])
def test_required_field_must_be_filled(field: str, empty: str) -> None:
    (row,) = check(GOOD | {field: empty})
    assert [(problem.code, problem.field) for problem in row.problems] == [
        (P.REQUIRED_EMPTY, field)
    ]


def test_blank_row_is_blank_and_nothing_else() -> None:
    blank = dict.fromkeys(GOOD, "")
    rows = check(GOOD, blank, blank | {"phone": " \t"}, GOOD)
    assert [row.is_blank for row in rows] == [False, True, True, False]
    assert [row.problems for row in rows[1:3]] == [(), ()]
    assert rows[1].request is None
    assert rows[3].request is not None


def test_rows_that_are_all_blank_are_no_trouble() -> None:
    assert [row.is_blank for row in check(dict.fromkeys(GOOD, ""))] == [True]


def test_chunk_without_rows_has_no_rows() -> None:
    assert check(headings=REQUIRED_FIELDS) == []


def test_text_outside_the_mapped_columns_makes_a_row_not_blank() -> None:
    (row,) = check(dict.fromkeys(GOOD, "") | {"Notes": "Total: 214"})
    assert not row.is_blank
    assert {problem.code for problem in row.problems} == {P.REQUIRED_EMPTY}


def test_defaults_fill_absent_columns_and_empty_cells() -> None:
    without_location = {name: text for name, text in GOOD.items() if name != "location_id"}
    rules = replace(CHICAGO, defaults={"location_id": "7", "reason": "Flu shot"})
    rows = check(
        without_location | {"reason": ""}, without_location | {"reason": "Cough"}, rules=rules
    )
    requests = [row.request for row in rows]
    assert [request and request.location_id for request in requests] == [7, 7]
    assert [request and request.reason for request in requests] == ["Flu shot", "Cough"]


@pytest.mark.parametrize("unseen", ["", " ", "\u200b", "\u2800", "\u3164 \ufeff", "\u00a0"])
def test_default_fills_a_cell_in_which_nobody_sees_anything(unseen: str) -> None:
    rules = replace(CHICAGO, defaults={"location_id": "4022"})
    (row,) = check(GOOD | {"location_id": unseen}, rules=rules)
    assert row.problems == ()
    assert row.request is not None
    assert row.request.location_id == 4022


def test_default_that_is_wrong_is_told_without_a_column() -> None:
    (row,) = check(GOOD, rules=replace(CHICAGO, defaults={"is_walk_in": "maybe"}))
    assert told(row) == [(P.BOOLEAN_UNKNOWN, "is_walk_in", None)]


def test_default_does_not_fill_a_blank_row() -> None:
    rules = replace(CHICAGO, defaults={"location_id": "7"})
    assert check(dict.fromkeys(GOOD, ""), rules=rules)[0].is_blank


def problem_at(column: int | None, code: ProblemCode, row_number: int = 2) -> RowProblem:
    return RowProblem(row_number=row_number, code=code, column=column)


def test_problem_of_the_whole_row_counts_and_comes_first() -> None:
    (row,) = check(GOOD | {"phone": "x"}, found=[problem_at(None, P.ROW_TOO_WIDE)])
    assert told(row) == [(P.ROW_TOO_WIDE, "", None), (P.PHONE_LETTERS, "phone", 2)]


def test_what_reading_found_in_a_cell_is_told_instead_of_what_followed_from_it() -> None:
    (row,) = check(GOOD | {"phone": ""}, found=[problem_at(2, P.FORMULA_NOT_CALCULATED)])
    assert told(row) == [(P.FORMULA_NOT_CALCULATED, "phone", 2)]
    assert row.request is None


def test_cell_that_could_not_be_read_keeps_its_row_from_being_blank() -> None:
    (row,) = check(dict.fromkeys(GOOD, ""), found=[problem_at(2, P.CELL_ERROR_VALUE)])
    assert not row.is_blank
    assert (P.CELL_ERROR_VALUE, "phone", 2) in told(row)


def test_row_that_lies_wholly_beyond_the_headings_is_not_blank() -> None:
    empty = dict.fromkeys(GOOD, "")
    (row,) = check(empty, found=[problem_at(None, P.ROW_TOO_WIDE)])
    assert (row.is_blank, row.request) == (False, None)
    assert P.ROW_TOO_WIDE in [problem.code for problem in row.problems]


def test_trouble_in_a_column_that_is_not_sent_does_not_stop_its_row() -> None:
    (row,) = check(GOOD | {"Notes": "#N/A"}, found=[problem_at(6, P.CELL_ERROR_VALUE)])
    assert row.problems == ()
    assert row.request is not None


def test_warning_of_reading_goes_with_the_request() -> None:
    (row,) = check(GOOD, found=[problem_at(2, P.FORMULA_VALUE_USED)])
    assert told(row) == [(P.FORMULA_VALUE_USED, "phone", 2)]
    assert row.request is not None


def test_row_numbers_and_lines_are_those_of_the_source() -> None:
    rows = check(GOOD, GOOD, GOOD, lines=(2, 5, 6))
    assert [(row.row_number, row.line) for row in rows] == [(2, 2), (3, 5), (4, 6)]
    assert check(GOOD)[0].line is None


def test_row_keys_are_taken_from_our_own_results() -> None:
    ours = dict.fromkeys(OUR_HEADINGS, "old")
    keyed, plain = check(GOOD | ours | {"row_key": " k-1 "}, GOOD | ours | {"row_key": ""})
    assert (keyed.row_key, plain.row_key) == ("k-1", "")
    assert keyed.request is not None


def test_our_own_columns_do_not_keep_a_row_from_being_blank() -> None:
    ours = dict.fromkeys(OUR_HEADINGS, "blank")
    assert check(dict.fromkeys(GOOD, "") | ours)[0].is_blank


def test_zone_of_the_location_is_used() -> None:
    zones = {"4021": ZoneInfo("America/Denver"), "7": ZoneInfo("America/New_York")}
    rules = Rules(dates=DateRules(timezone_by_location=zones))
    denver, new_york = check(GOOD, GOOD | {"location_id": "7"}, rules=rules)
    assert denver.appointment_at == datetime(2030, 2, 1, 16, 30, tzinfo=UTC)
    assert new_york.appointment_at == datetime(2030, 2, 1, 14, 30, tzinfo=UTC)


def test_appointment_that_has_passed_is_not_judged_here() -> None:
    (row,) = check(GOOD | {"appointment_date": "2020-02-01 09:30"})
    assert row.problems == ()


@pytest.mark.parametrize(
    ("rules", "values", "sent"),
    [
        (replace(CHICAGO, pad_zip=True), {"address_zip": "2134"}, "02134"),
        (replace(CHICAGO, text_location_ids=True), {"location_id": "AXjwbE"}, "AXjwbE"),
    ],
)
def test_settings_loosen_a_rule(rules: Rules, values: dict[str, str], sent: str) -> None:
    (strict,), (loose,) = check(GOOD | values), check(GOOD | values, rules=rules)
    assert strict.request is None
    assert loose.request is not None
    assert sent in loose.request.to_body().values()


def test_missing_zone_is_one_question_for_the_file() -> None:
    rows = check(*[GOOD] * 7, rules=Rules(dates=DateRules()))
    (question,) = file_questions(rows)
    assert question.code is P.TIMEZONE_NEEDED
    assert question.hint == "7 rows ask, first 2, 3, 4, 5, 6"


def test_the_question_is_gathered_over_chunks() -> None:
    rules = Rules(dates=DateRules())
    question = ZoneQuestion()
    question.add(check(GOOD, rules=rules))
    question.add(check(GOOD, rules=rules))
    assert [problem.hint for problem in question.problems()] == ["2 rows ask, first 2, 2"]


def test_row_without_a_location_does_not_ask_for_a_zone() -> None:
    rules = Rules(dates=DateRules(timezone_by_location={"4021": ZoneInfo("America/Denver")}))
    rows = check(GOOD, GOOD | {"location_id": "?"}, GOOD | {"location_id": ""}, rules=rules)
    assert file_questions(rows) == ()
    assert [row.request is None for row in rows] == [False, True, True]


def test_file_without_questions_asks_none() -> None:
    assert file_questions(check(GOOD, GOOD | {"phone": "x"})) == ()


REFUSED = {
    "phone": ["555-0142", "x", "+44 20 7946 0958", "5.55123E+09", "1\x002"],
    "birth_date": ["1985", "1985-02-30", "3/4/85", "31110", "1985-03-04T09:30:00", "\ufffd"],
    "appointment_date": ["2030-02-01", "2030-03-10 02:30", "2030-02-30 09:30", "soon"],
    "location_id": ["12.5", "0", "-1", "4.0E+03", "Northside", "9" * 5_000],
    "is_walk_in": ["maybe"],
    "email": ["ann", "a@example.com b@example.com"],
    "birth_sex": ["u"],
    "address_state": ["ZZZ", "Illinoi"],
    "address_zip": ["2134", "12"],
    "custom_booking_management_url": ["http://example.com", "javascript:1"],
    "first_name": ["An\x00n", "a" * 201, "A\u202eb", f"Jos{chr(0xD800)}"],
    "reason": ["x" * 1_001, "a\x07b"],
}


@pytest.mark.parametrize(
    ("field", "text"), [(field, text) for field, texts in REFUSED.items() for text in texts]
)
def test_refused_cell_has_one_problem_and_fails_the_schema_too(field: str, text: str) -> None:
    (row,) = check(GOOD | {field: text})
    (problem,) = row.problems
    refusal = field_rules(CHICAGO.dates, TODAY)[field](text).problem
    assert (problem.code, problem.field) == (refusal, field)
    # What was not decoded stands in a frame as the replacement character.
    frame = pd.DataFrame({field: [text.replace(chr(0xD800), "\ufffd")]}, dtype=str)
    with pytest.raises(pa.errors.SchemaErrors):
        BOOKING.validate(frame, lazy=True)


def test_nothing_that_people_see_holds_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    secret = {"first_name": "Zelda\x00", "last_name": "Secretname", "phone": "Zelda"}
    rows = check(GOOD | secret, GOOD | {"last_name": "Secretname"})
    seen = repr(rows) + repr(file_questions(rows)) + "".join(capsys.readouterr())
    assert "Secretname" not in seen
    assert "Zelda" not in seen


def test_fifty_thousand_rows_keep_their_order() -> None:
    row = [GOOD[field] for field in REQUIRED_FIELDS]
    frame = pd.DataFrame([row] * 50_000, index=range(2, 50_002), dtype=str)
    plan = plan_columns(REQUIRED_FIELDS, show_headings=True)
    rows = check_chunk(Rows(frame=frame), plan, CHICAGO, today=TODAY)
    assert [checked.row_number for checked in rows] == list(range(2, 50_002))
    assert all(checked.request is not None for checked in rows)
