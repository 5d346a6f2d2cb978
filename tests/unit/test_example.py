"""The template's example row is known again wherever it stands, and no patient is taken for it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from importer.columns import ProfileColumns, plan_columns
from importer.example import EXAMPLE, is_example_date
from importer.field_columns import Rules
from importer.model import BOOKING_FIELDS
from importer.normalize import DateRules
from importer.problems import ProblemCode, RowProblem
from importer.validate import CheckedRow, check_chunk
from tests.rows import invented_row

if TYPE_CHECKING:
    from importer.columns import ColumnPlan

P = ProblemCode
CHICAGO = Rules(dates=DateRules(timezone=ZoneInfo("America/Chicago")))


class Chunk:
    """Some rows under these headings."""

    lines = None

    def __init__(self, rows: list[dict[str, str]], problems: tuple[RowProblem, ...] = ()) -> None:
        cells = [list(row.values()) for row in rows]
        index = range(2, len(rows) + 2)
        self.frame = pd.DataFrame(cells, index=index, columns=range(len(rows[0])), dtype=str)
        self.problems = problems


def checked(
    *rows: dict[str, str],
    rules: Rules = CHICAGO,
    problems: tuple[RowProblem, ...] = (),
    plan: ColumnPlan | None = None,
) -> list[CheckedRow]:
    """Return rows with the headings of the first one, checked."""
    plan = plan or plan_columns(list(rows[0]), show_headings=True)
    return check_chunk(Chunk(list(rows), problems), plan, rules, today=date(2030, 1, 7))


def example(**changes: str) -> dict[str, str]:
    """Return the example under every heading, with these cells changed."""
    return dict.fromkeys(BOOKING_FIELDS, "") | dict(EXAMPLE) | changes


def codes(row: CheckedRow) -> set[tuple[str, str]]:
    return {(problem.code.name, problem.field) for problem in row.problems}


def test_the_example_as_it_came_is_set_aside_with_one_note() -> None:
    (row,) = checked(example())
    assert row.is_blank
    assert row.request is None
    assert row.appointment_at is None
    assert row.problems == (RowProblem(row_number=2, code=P.EXAMPLE_ROW),)


@pytest.mark.parametrize("zone", [None, ZoneInfo("America/Chicago"), ZoneInfo("Asia/Kolkata")])
def test_it_is_known_whatever_the_settings_say_of_dates_and_empty_cells(
    zone: ZoneInfo | None,
) -> None:
    for order in (None, "MDY", "DMY"):
        rules = Rules(
            dates=DateRules(order=order, timezone=zone),
            defaults={"location_id": "4021", "is_walk_in": "false", "reason": "Visit"},
            pad_zip=True,
            text_location_ids=True,
        )
        (row,) = checked(example(), rules=rules)
        assert codes(row) == {("EXAMPLE_ROW", "")}


@pytest.mark.parametrize(
    "changes",
    [
        {"appointment_date": "2020-01-15 09:30:00"},
        {"appointment_date": "1/15/2020 9:30"},
        {"appointment_date": "15.01.2020 09:30"},
        {"appointment_date": "2020-01-15T09:30"},
        {"phone": "202-555-0147"},
        {"phone": "+12025550147"},
        {"first_name": " Example "},
        {"last_name": "Patient\u00a0"},
    ],
)
def test_it_is_known_after_a_program_has_written_it_anew(changes: dict[str, str]) -> None:
    (row,) = checked(example(**changes))
    assert codes(row) == {("EXAMPLE_ROW", "")}


def test_it_is_known_without_the_columns_that_need_not_be_there() -> None:
    (row,) = checked({name: EXAMPLE[name] for name in BOOKING_FIELDS[:6]})
    assert row.is_blank
    assert codes(row) == {("EXAMPLE_ROW", "")}


def test_a_column_that_is_not_sent_makes_no_difference() -> None:
    (row,) = checked(example() | {"Our notes": "an example, I think"})
    assert codes(row) == {("EXAMPLE_ROW", "")}


def test_it_is_known_at_every_place_and_leaves_the_others_alone() -> None:
    ready = example(**invented_row(5, email=""))
    rows = checked(ready, example(), example(**invented_row(6, email="")), example())
    assert [row.is_blank for row in rows] == [False, True, False, True]
    assert [row.request is not None for row in rows] == [True, False, True, False]
    assert not rows[0].problems


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (("first_name", "last_name"), {"first_name", "last_name"}),
        (("first_name",), {"first_name"}),
        (("last_name",), {"last_name"}),
        (("phone",), {"phone"}),
        (("email",), {"email"}),
        (("reason",), {"reason"}),
        (("location_id",), {"location_id"}),
        (("phone", "email"), {"phone", "email"}),
    ],
)
def test_a_patient_beside_a_part_of_the_example_is_held(
    kept: tuple[str, ...], told: set[str]
) -> None:
    left = {name: EXAMPLE[name] for name in kept}
    (row,) = checked(example(**invented_row(5, email="")) | left)
    assert not row.is_blank
    assert row.request is None
    assert codes(row) == {("EXAMPLE_LEFT_OVER", name) for name in told}
    assert all(problem.column is not None for problem in row.problems)


@pytest.mark.parametrize("name", sorted(EXAMPLE))
def test_one_changed_cell_of_the_example_holds_the_row(name: str) -> None:
    new = invented_row(5, email="ana@example.org", reason="Cough")[name]
    (row,) = checked(example(**{name: new}))
    assert not row.is_blank
    assert row.request is None
    assert ProblemCode.EXAMPLE_LEFT_OVER in {problem.code for problem in row.problems}


@pytest.mark.parametrize("name", sorted(set(BOOKING_FIELDS) - set(EXAMPLE)))
def test_one_cell_more_than_the_example_has_holds_the_row(name: str) -> None:
    (row,) = checked(example(**{name: "1"}))
    assert not row.is_blank
    assert ProblemCode.EXAMPLE_LEFT_OVER in {problem.code for problem in row.problems}


def test_a_birth_date_that_is_left_over_is_refused_by_its_field() -> None:
    (row,) = checked(invented_row(5, birth_date=EXAMPLE["birth_date"]))
    assert [problem.code for problem in row.problems] == [P.BIRTH_DATE_TOO_OLD]
    assert row.request is None


@pytest.mark.parametrize("name", ["Patient, Ana", "Smith, Example", "Patient, Example"])
def test_a_part_of_the_name_in_a_cell_of_both_is_told_once(name: str) -> None:
    plain = invented_row(5)
    row = {"Patient": name} | {n: plain[n] for n in plain if n not in ("first_name", "last_name")}
    profile = ProfileColumns(split={"Patient": "Last, First"})
    plan = plan_columns(list(row), profile=profile, show_headings=True)
    (found,) = checked(row, plan=plan)
    assert [(p.code, p.column) for p in found.problems] == [(P.EXAMPLE_LEFT_OVER, 0)]
    assert found.request is None


@pytest.mark.parametrize(
    ("name", "text", "is_example"),
    [
        ("birth_date", "1890-05-14", True),
        ("birth_date", "5/14/1890", True),
        ("birth_date", "14.05.1890", True),
        ("birth_date", "14.06.1890", False),
        ("birth_date", "03/05/1985", False),
        ("appointment_date", "01/15/2020 09:30", True),
        ("appointment_date", "15/01/2020", True),
        ("appointment_date", "01/16/2020 09:30", False),
    ],
)
def test_the_examples_dates_are_known_in_any_order(
    name: str,
    text: str,
    is_example: bool,  # noqa: FBT001 - a case of the table
) -> None:
    assert is_example_date(name, text) == is_example


def test_the_examples_appointment_is_over_in_every_zone() -> None:
    (row,) = checked(invented_row(5, appointment_date=EXAMPLE["appointment_date"]))
    assert row.appointment_at is not None
    assert row.appointment_at.year == 2020


def test_an_example_that_could_not_be_read_whole_is_held() -> None:
    found = RowProblem(row_number=2, code=P.ROW_TOO_WIDE)
    (row,) = checked(example(), problems=(found,))
    assert not row.is_blank
    assert {problem.code for problem in row.problems} >= {P.ROW_TOO_WIDE, P.EXAMPLE_LEFT_OVER}


@pytest.mark.parametrize(
    ("pattern", "name"), [("Last, First", "Patient, Example"), ("First Last", "Example Patient")]
)
def test_joined_and_split_cells_hold_the_example_too(pattern: str, name: str) -> None:
    row = {
        "Patient": name,
        "phone": EXAMPLE["phone"],
        "birth_date": EXAMPLE["birth_date"],
        "Day": "2020-01-15",
        "Time": "09:30",
        "location_id": EXAMPLE["location_id"],
    }
    profile = ProfileColumns(
        joined={"appointment_date": ("Day", "Time")},
        split={"Patient": pattern},  # type: ignore[dict-item] # one of the patterns
    )
    plan = plan_columns(list(row), profile=profile, show_headings=True)
    for rules in (CHICAGO, Rules(dates=DateRules())):
        (found,) = checked(row, rules=rules, plan=plan)
        assert codes(found) == {("EXAMPLE_ROW", "")}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("first_name", "EXAMPLE"),
        ("last_name", "patient"),
        ("email", "EXAMPLE.PATIENT@example.com"),
        ("reason", "EXAMPLE: SORE THROAT"),
        ("reason", "Example: sore throat."),
        ("location_id", "EXAMPLE CLINIC"),
    ],
)
def test_a_cell_of_the_example_is_seen_in_capitals_and_with_an_end_sign_too(
    field: str, text: str
) -> None:
    (row,) = checked(invented_row(2) | {field: text})
    assert ("EXAMPLE_PARTLY_REPLACED", field) in codes(row) or row.request is None
    assert any(problem.code.code == "IMP044" for problem in row.problems)


def test_the_example_in_capitals_is_the_example() -> None:
    (row,) = checked(example(**{n: EXAMPLE[n].upper() for n in ("first_name", "last_name")}))
    assert row.is_blank
