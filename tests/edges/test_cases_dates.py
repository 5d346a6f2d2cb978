"""Bad dates and times by case number, each as CSV and as XLSX, and what is sent of good ones."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from importer.errors import OpenQuestion, SourceError
from importer.model import OrdersConfirmed
from importer.pipeline import check_file
from importer.problems import ProblemCode
from tests.edges.case_kit import Serial
from tests.edges.value_kit import (
    WRITERS,
    Write,
    assert_refused,
    assert_sent,
    file_of,
    one,
    settings_of,
    taken,
    write_xlsx,
)
from tests.pipeline.desk import FastClock

if TYPE_CHECKING:
    from pathlib import Path


P = ProblemCode
REQUIRED_EMPTY, DATE_SERIAL = P.REQUIRED_EMPTY, P.DATE_SERIAL


def test_case_43_days_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    path = file_of(write_xlsx, tmp_path, {"birth_date": Serial(number=29648)})
    workbook = load_workbook(path)
    assert taken(path, settings_of(tmp_path))[0].request is not None
    workbook.epoch = CALENDAR_MAC_1904
    cell = workbook.worksheets[0].cell(2, 4)
    cell.value, cell.number_format = 29648, "m/d/yyyy"
    workbook.save(path)
    (row,) = taken(path, settings_of(tmp_path))
    assert row.request is not None
    assert row.request.birth_date == "1985-03-04"


@pytest.mark.parametrize(
    ("serial", "code"),
    [
        (-5, P.DATE_BELOW_ZERO),  # calamine has a time of day there, and so it has for 0
        *((serial, P.DATE_BEFORE_MARCH_1900) for serial in (0, 0.5, 1, 31, 59, 60, 59.5)),
    ],
)
def test_case_44_a_date_cell_before_march_1900_is_no_day(
    serial: float, code: P, tmp_path: Path
) -> None:
    row = one(write_xlsx, tmp_path, "birth_date", Serial(number=serial))
    (problem,) = row.problems
    assert problem.code is code
    assert (problem.field, problem.column, row.request) == ("birth_date", 3, None)


def test_case_44_the_first_sure_day_is_read(tmp_path: Path) -> None:
    row = one(write_xlsx, tmp_path, "birth_date", Serial(number=61))
    assert_sent(row, "birth_date", "1900-03-01")


@WRITERS
@pytest.mark.parametrize("value", ["1985-03-04 00:00", "1985-03-04T00:00:00"])
def test_case_45_midnight_behind_a_birth_date_is_dropped(
    write: Write, value: str, tmp_path: Path
) -> None:
    assert_sent(one(write, tmp_path, "birth_date", value), "birth_date", "1985-03-04")


@WRITERS
def test_case_45_another_time_behind_a_birth_date_is_refused(write: Write, tmp_path: Path) -> None:
    row = one(write, tmp_path, "birth_date", "1985-03-04 09:30")
    assert_refused(row, "birth_date", P.BIRTH_DATE_HAS_TIME)


def test_case_45_typed_cells_follow_the_same_rule(tmp_path: Path) -> None:
    day = datetime.fromisoformat("1985-03-04T00:00:00")
    row = one(write_xlsx, tmp_path, "birth_date", day)
    assert_sent(row, "birth_date", "1985-03-04")
    row = one(write_xlsx, tmp_path, "birth_date", day.replace(hour=9))
    assert_refused(row, "birth_date", P.BIRTH_DATE_HAS_TIME)
    row = one(write_xlsx, tmp_path, "appointment_date", date(2030, 2, 1))
    assert_refused(row, "appointment_date", P.APPOINTMENT_NO_TIME)


@WRITERS
def test_case_45_a_local_time_needs_a_zone_and_an_offset_none(write: Write, tmp_path: Path) -> None:
    local = file_of(write, tmp_path, {"appointment_date": "2030-02-01 09:30"})
    with pytest.raises(SourceError) as caught:
        taken(local, settings_of(tmp_path))
    assert caught.value.code == P.TIMEZONE_NEEDED.code
    row = one(write, tmp_path, "appointment_date", "2030-02-01T09:30:00-08:00", timezone="UTC")
    assert_sent(row, "appointment_date", "2030-02-01T09:30:00-08:00")


@WRITERS
@pytest.mark.parametrize("value", [43831, "43831", "31110.5"])
def test_case_46_a_number_is_no_date(write: Write, value: object, tmp_path: Path) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", DATE_SERIAL)


@WRITERS
def test_case_47_the_order_is_a_question_with_its_evidence(write: Write, tmp_path: Path) -> None:
    born = ["03/04/1985", "03/14/1985", "12/25/1985"]
    path = file_of(write, tmp_path, *({"birth_date": text} for text in born))
    with pytest.raises(OpenQuestion) as caught:
        taken(path, settings_of(tmp_path))
    assert caught.value.code == P.DATE_ORDER_NEEDED.code
    assert "2 dates fit only month/day, 0 only day/month, 1 both" in caught.value.message
    assert 'say orders = { birth_date = "MDY" }' in caught.value.todo
    assert "--date-order MDY, which means every column" in caught.value.todo
    assert caught.value.answer == OrdersConfirmed(orders={"birth_date": "MDY"})


@WRITERS
def test_case_47_a_flag_or_a_profile_decides(write: Write, tmp_path: Path) -> None:
    row = one(write, tmp_path, "birth_date", "03/04/1985", date_order="MDY")
    assert_sent(row, "birth_date", "1985-03-04")
    profile = '[dates.orders]\nbirth_date = "DMY"\n'
    row = one(write, tmp_path, "birth_date", "03/04/1985", profile=profile)
    assert_sent(row, "birth_date", "1985-04-03")


@WRITERS
@pytest.mark.parametrize("order", [None, "MDY", "DMY"])
def test_case_48_a_column_of_both_orders_loses_what_fits_both(
    write: Write, order: str | None, tmp_path: Path
) -> None:
    born = ["03/04/1985", "03/14/1985", "25/12/1985", "05/05/1985", "1985-03-04"]
    path = file_of(write, tmp_path, *({"birth_date": text} for text in born))
    flags = {} if order is None else {"date_order": order}
    rows = taken(path, settings_of(tmp_path, **flags))
    sent = [row.request.birth_date if row.request else row.problems[0].code for row in rows]
    refused = P.DATE_NOT_IN_CALENDAR
    assert sent == [
        P.DATE_ORDER_MIXED,
        refused if order == "DMY" else "1985-03-14",
        refused if order == "MDY" else "1985-12-25",
        "1985-05-05",
        "1985-03-04",
    ]


@pytest.mark.parametrize(
    ("cells", "refused"),
    [
        ([date(1985, 3, 4), "13/04/1985", date(1985, 5, 5), "25/12/1990"], [2]),
        ([datetime(1985, 3, 4, 0, 0), "13/04/1985"], [2]),  # noqa: DTZ001 - as cells have it
        ([date(1985, 3, 4), "04/13/1985"], [2]),  # what a program of day first makes of it
        ([date(1985, 3, 4), "13/04/1985", "04/14/1985"], [2]),
        ([date(1985, 3, 4), "13/04/1985", date(1985, 4, 13)], []),
        ([date(1985, 3, 4), "03/04/1985"], []),
        (["1985-03-04", "13/04/1985"], []),
        ([date(1985, 3, 4), date(1985, 7, 8)], []),
    ],
)
@pytest.mark.parametrize("order", ["DMY", "MDY"])
def test_case_48_a_date_that_a_spreadsheet_may_have_turned_round_is_not_sent(
    cells: list[object], refused: list[int], order: str, tmp_path: Path
) -> None:
    path = file_of(write_xlsx, tmp_path, *({"birth_date": cell} for cell in cells))
    rows = taken(path, settings_of(tmp_path, date_order=order))
    codes = {row.row_number: [problem.code for problem in row.problems] for row in rows}
    assert [n for n, found in codes.items() if P.DATE_PERHAPS_TURNED in found] == refused


@WRITERS
def test_case_48_the_other_column_keeps_its_order(write: Write, tmp_path: Path) -> None:
    times = ["03/04/2030 09:30:00-06:00", "03/14/2030 09:30:00-06:00"]
    born = ["25/12/1985", "12/25/1985"]
    changes = ({"birth_date": b, "appointment_date": t} for b, t in zip(born, times, strict=True))
    rows = taken(file_of(write, tmp_path, *changes), settings_of(tmp_path, date_order="MDY"))
    assert [problem.field for row in rows for problem in row.problems] == ["birth_date"]
    assert rows[1].request is not None


@WRITERS
@pytest.mark.parametrize("value", ["03/04/85", "Mar 4, 85", "3-4-85"])
def test_case_49_a_short_year_needs_the_profiles_pivot(
    write: Write, value: str, tmp_path: Path
) -> None:
    row = one(write, tmp_path, "birth_date", value, date_order="MDY")
    assert_refused(row, "birth_date", P.DATE_TWO_DIGIT_YEAR)
    profile = '[dates]\norder = "MDY"\ntwo_digit_pivot = 30\n'
    row = one(write, tmp_path, "birth_date", value, profile=profile)
    assert_sent(row, "birth_date", "1985-03-04")


@WRITERS
@pytest.mark.parametrize("value", ["1985-02-29", "1985-04-31", "1985-13-01", "04/31/1985"])
def test_case_50_a_day_that_is_not_in_the_calendar(
    write: Write, value: str, tmp_path: Path
) -> None:
    row = one(write, tmp_path, "birth_date", value, date_order="MDY")
    assert_refused(row, "birth_date", P.DATE_NOT_IN_CALENDAR)


@WRITERS
@pytest.mark.parametrize(
    ("value", "code"),
    [("2030-01-08", P.BIRTH_DATE_IN_FUTURE), ("1899-01-06", P.BIRTH_DATE_TOO_OLD)],
)
def test_case_51_a_birth_date_that_cannot_be(
    write: Write, value: str, code: ProblemCode, tmp_path: Path
) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", code)


@WRITERS
def test_case_51_born_today_is_worth_a_look(write: Write, tmp_path: Path) -> None:
    row = one(write, tmp_path, "birth_date", "2030-01-07")
    assert_sent(row, "birth_date", "2030-01-07", P.BIRTH_DATE_TODAY)


@WRITERS
@pytest.mark.parametrize("value", ["1985", "Mar 85", "1985-03", "3/1985"])
def test_case_52_part_of_a_date_is_none(write: Write, value: str, tmp_path: Path) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", P.DATE_PARTIAL)


@WRITERS
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2030-03-10 02:30", P.APPOINTMENT_DST_GAP),
        ("2030-11-03 01:30", P.APPOINTMENT_DST_OVERLAP),
        ("2030-02-01 24:00", P.APPOINTMENT_UNREADABLE),
        ("2030-02-01", P.APPOINTMENT_NO_TIME),
    ],
)
def test_case_53_an_hour_that_is_none_or_two(
    write: Write, value: str, code: ProblemCode, tmp_path: Path
) -> None:
    row = one(write, tmp_path, "appointment_date", value, timezone="America/Chicago")
    assert_refused(row, "appointment_date", code)


@WRITERS
def test_case_53_an_appointment_that_has_passed(write: Write, tmp_path: Path) -> None:
    path = file_of(write, tmp_path, {"appointment_date": "2020-02-01T09:30:00-06:00"})
    report = check_file(path, settings_of(tmp_path), clock=FastClock())
    (group,) = report.groups
    assert (group.code, group.column_letter) == (P.APPOINTMENT_IN_PAST, "E")


@WRITERS
@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("2030-02-01T09:30:00Z", "2030-02-01T09:30:00+00:00"),
        ("2030-02-01T09:30:00-08:00", "2030-02-01T09:30:00-08:00"),
        ("2030-02-01 09:30:00-0800", "2030-02-01T09:30:00-08:00"),
        ("2030-02-01T09:30:00.000000000Z", "2030-02-01T09:30:00+00:00"),
        ("2030-02-01T09:30", "2030-02-01T09:30:00-06:00"),
    ],
)
def test_case_54_iso_times_are_read(write: Write, value: str, sent: str, tmp_path: Path) -> None:
    row = one(write, tmp_path, "appointment_date", value, timezone="America/Chicago")
    assert_sent(row, "appointment_date", sent)


@WRITERS
@pytest.mark.parametrize("value", ["4 März 1985", "4 mai 1985", "1405/12/13 AP", "昭和60年"])
def test_case_55_months_of_another_language_or_calendar(
    write: Write, value: str, tmp_path: Path
) -> None:
    assert_refused(one(write, tmp_path, "birth_date", value), "birth_date", P.DATE_UNREADABLE)
